/*
 * What is wrong with the images and labels of a pack: every picture is decoded and looked at, then the
 * checks of checks.c go over what was seen.
 */
#pragma once

#include "base/arena.h"
#include "data/pack.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct LintOptions {
    int distance;  /* perceptual hashes that differ in at most so many bits are near duplicates */
    int tiny;      /* a shorter side below so many pixels is tiny */
    int imbalance; /* from so many times as many images as the rarest class has */
    int examples;  /* at most so many of each finding */
} LintOptions;

enum { LINT_DISTANCE_MAX = 16 };

typedef enum LintSeverity {
    LINT_NOTE,    /* to be looked at; may well be meant */
    LINT_PROBLEM, /* makes training or its scores wrong */
} LintSeverity;

typedef struct LintFinding {
    const char *check; /* name of the check: "tiny" */
    LintSeverity severity;
    const char *text; /* how many of what, and what to do */
    size_t count;
    const char **example; /* (examples) */
    size_t examples;
    struct LintFinding *next;
} LintFinding;

typedef struct LintFindings {
    const LintOptions *options;
    Arena *arena;      /* owns all texts */
    const char *check; /* that is running */
    LintFinding *first, *last;
    int problems, notes;
} LintFindings;

/* Looks at every picture on all cores, with a progress bar, and runs all checks in the order of their
 * table. What cannot be decoded is a finding. */
void lint_pack(const Pack *pack, LintFindings *findings);

const char *lint_severity_name(LintSeverity severity);
