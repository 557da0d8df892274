/*
 * Sets of pictures: OUT/images/NNNNN.jpg|png and OUT/manifest.csv, or one sheet of a few pictures. The
 * same options give the same bytes on any number of threads.
 */
#pragma once

#include "base/error.h"
#include "render.h"

#include <argp.h>
#include <stdio.h>

/* What the command line tells of any set. */
typedef struct SetOptions {
    const char *out, *sheet; /* one of the two */
    int side, threads;
    uint64_t seed;
} SetOptions;

enum { SHEET_COLUMNS = 12, SHEET_PICTURES = 12 * 6 };

SetOptions set_options(void); /* the defaults */
/* Parses OUT, --side, --seed, --threads and --sheet into its input, a SetOptions. */
extern const struct argp set_argp;
/* The number that an option was given, or the end of the program. */
int set_number(struct argp_state *state, const char *name, const char *text, int low, int high);

/* A renderer and room for a picture; one per thread. */
typedef struct Easel Easel;

typedef struct SetPlan {
    int items; /* pieces of work, done in any order */
    /* Paints the pictures of an item. Called on all threads. */
    void (*work)(void *context, int item, Easel *easel);
    int images; /* of all items together; their numbers are below it. For a sheet SHEET_PICTURES */
    void (*manifest)(void *context, FILE *file); /* writes the manifest; called last */
    void *context;
} SetPlan;

bool set_render(const SetOptions *options, const SetPlan *plan, Error *err);

/* Renders picture number `index`. An error ends set_render, which returns it. */
void set_paint(Easel *easel, int index, const Scene *scene, const Model *model);
/* Tells that an item has so many pictures less than planned. */
void set_skip(Easel *easel, int pictures);

/* Of ten pictures, eight are for training (0), one for validation (1), one for the test (2). */
int set_split(int index);
extern const char *const set_split_names[SPLITS];

/* "images/00012.jpg", the path of a picture below OUT. */
void set_image_name(char *out, size_t bytes, const Scene *scene, int index);
/* Writes ",split,light,material,background,camera" as titles, and a picture's: the end of a row. */
void set_write_titles(FILE *file);
void set_write_draws(FILE *file, const Scene *scene, int index);
