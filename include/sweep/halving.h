/*
 * Successive halving (Jamieson and Talwalkar, AISTATS 2016): all trials train up to the first rung, the best
 * 1/eta of them go on to the next, and so on; what is left trains to the end.
 */
#pragma once

#include <stdbool.h>

enum { RUNGS_MAX = 32 };

typedef struct Halving {
    int rungs;
    int epochs[RUNGS_MAX]; /* that a trial has done at the rung; rising, the last is the run's */
    int trials[RUNGS_MAX]; /* that get there, at most */
} Halving;

/* Rungs of `epochs` divided by powers of eta (>= 2), rounded down, from `least` (1 to epochs) on; no more of them than
 * there are trials to drop. */
Halving halving_plan(int trials, int epochs, int eta, int least);

/* How far a trial has come. */
typedef struct Standing {
    int trial;
    int rung;     /* the last that it was trained for; -1: none */
    bool failed;  /* there; merit is of no account */
    double merit; /* more is better */
} Standing;

/* Best first: those that did not fail, by rung, merit, and number of the trial, the lower one first; then those that
 * failed, by rung and number. */
void halving_sort(Standing *standing, int count);

/* The trials for `rung`, in rising order, into `trial` (count): all for the first; for others the best of those that have
 * come through the rung before it, when all have that were there. Sorts `standing`. Returns their number. */
int halving_choose(const Halving *halving, int rung, Standing *standing, int count, int *trial);
