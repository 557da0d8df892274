/*
 * Expected calibration error: how far the probability of the predicted class is from the share of
 * predictions that are right. Bin b of 15 holds the probabilities in [b / 15, (b + 1) / 15), the last one
 * also 1. Counts are integers, so they add up to the same over any split.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CALIBRATION_BINS = 15, CALIBRATION_COUNTS = 3 * CALIBRATION_BINS };

/* Adds a record to count (CALIBRATION_COUNTS). Probabilities are added in units of 2^-36, which is exact
 * from 2^-12 on: always so with up to 4,096 classes, of which the most probable one is predicted. */
void calibration_add(int64_t *count, float probability, bool right);

typedef struct CalibrationBin {
    int64_t records, right;
    double probability; /* mean; 0 in an empty bin */
} CalibrationBin;
CalibrationBin calibration_bin(const int64_t *count, int bin);

/* Mean over the records of their bin's |share of right ones - mean probability|; 0 without records. */
double calibration_error(const int64_t *count);
