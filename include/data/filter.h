/*
 * One axis of antialiased resampling: a filter that widens with the reduction, so that nothing
 * aliases, as Pillow and PyTorch (antialias=True) do it.
 */
#pragma once

#include <stddef.h>

/* In the order of the configuration's choices (augment.interpolation). */
typedef enum FilterKind {
    FILTER_BILINEAR, /* triangle */
    FILTER_BICUBIC,  /* Keys's cubic with a = -1/2; it overshoots at edges */
} FilterKind;

/* Output i is the sum over t of weight[i * taps + t] * input[first[i] + t]. */
typedef struct FilterAxis {
    int taps;
    int *first;    /* (side) */
    float *weight; /* (side,taps) */
} FilterAxis;

/* How far, in input pixels, the filter reaches to each side of its centre when `length` pixels become
 * `side`. */
double filter_reach(FilterKind kind, double length, int side);
/* Taps that an axis of `available` pixels needs. */
int filter_taps(FilterKind kind, double length, int side, int available);
/* Fills first and weight, with axis->taps set, for the `length` pixels from `begin` on; both may lie
 * between pixels. At the borders the weights that remain are scaled to a sum of 1. */
void filter_plan(const FilterAxis *axis, FilterKind kind, double begin, double length, int side,
                 int available);
