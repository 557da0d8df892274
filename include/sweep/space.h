/*
 * The space that a sweep searches: for some keys of a configuration the values that each may take, and which of
 * them a trial gets.
 */
#pragma once

#include "base/arena.h"
#include "train/config.h"

typedef enum AxisKind { AXIS_LIST, AXIS_REAL, AXIS_INTEGER } AxisKind;

typedef struct Axis {
    const char *text; /* as it was given: "optimizer.lr=1e-4..1e-2:log" */
    const char *key;
    AxisKind kind;
    const char **value; /* AXIS_LIST: (count) texts, no two of them alike */
    int count;
    double low, high; /* else the range, both ends included */
    const char *low_text, *high_text;
    bool log; /* all orders of magnitude alike */
} Axis;

enum { SPACE_AXES_MAX = 32 };

typedef struct Space {
    Axis axis[SPACE_AXES_MAX];
    int axes;
} Space;

/* Adds what "KEY=LOW..HIGH", "KEY=LOW..HIGH:log" or "KEY=A,B,C" says; ranges are for options that are one number, of
 * integers where the option is one. `config` knows the options; whether there is such a key, and what may stand beside
 * it, shows when a trial's configuration is read. Memory comes from `arena`. */
bool space_add(Space *space, const char *text, const Config *config, Arena *arena, Error *err);

/* The values of all trials, (trials, axes) texts as --set takes them: a function of seed, trial and key. No two trials
 * are alike where all axes are lists or integers: a later one is drawn again. More trials leave those before them as
 * they are. NULL (ERROR_USAGE) if there are fewer combinations than trials. */
const char **space_draw(const Space *space, uint64_t seed, int trials, Arena *arena, Error *err);
