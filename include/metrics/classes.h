/* Figures of classes, from counts: of one class for each record, or of any number of them. */
#pragma once

#include <stdint.h>

typedef struct ClassCounts {
    int classes;
    const int64_t *hits;      /* (classes): records that have the class and were said to */
    const int64_t *predicted; /* (classes): that were said to have it */
    const int64_t *labels;    /* (classes): that have it */
} ClassCounts;

/* 0 where there is nothing to divide by, as in scikit-learn. */
typedef struct ClassFigures {
    double precision, recall, f1;
} ClassFigures;
ClassFigures class_figures(const ClassCounts *counts, int class);

/* Mean F1 over the classes that occur in labels or predictions; without either, a class says nothing. */
double class_macro_f1(const ClassCounts *counts);
/* Mean F1 weighted by the number of labels. */
double class_weighted_f1(const ClassCounts *counts);
/* F1 of all classes counted together; 1 if there is nothing to find and nothing was found. */
double class_micro_f1(const ClassCounts *counts);
/* Mean recall over the classes that have labels. */
double class_balanced_accuracy(const ClassCounts *counts);
