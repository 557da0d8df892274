/*
 * Calibration: one temperature per head, by which its logits are divided where they become probabilities (Guo et
 * al., On calibration of modern neural networks, 2017). It leaves the order of a head's classes alone.
 */
#pragma once

#include "models/head.h"

/* One head's outputs for images, and what is right, in the order in which sums are formed. */
typedef struct HeadLogits {
    HeadMeasure measure; /* of classes: MEASURE_CLASS, MEASURE_RANK or MEASURE_SET */
    int classes, outputs;
    size_t images;
    const float *logits; /* (images,outputs), without any temperature */
    const Target
        *target; /* (images): of weight 0 where nothing is known; other weights do not count */
} HeadLogits;

/* How probabilities agree with labels. */
typedef struct Agreement {
    /* Mean negative logarithm of the probability of what is right: of the class, or of each "yes" and "no" of a set. */
    double nll;
    /* Expected calibration error over 15 bins of equal width: of the predicted class's probability and how often it
     * is right, or of each class's of a set and how often it holds. */
    double ece;
} Agreement;

Agreement temperature_judge(const HeadLogits *answers, double temperature);

enum { TEMPERATURE_MOST = 100 };

/* The temperature of the least nll, to a relative 1e-10 or so, from 1/TEMPERATURE_MOST to TEMPERATURE_MOST: at an end
 * if answers are all right, or worse than none. 0: nothing is labelled. */
double temperature_fit(const HeadLogits *answers);
