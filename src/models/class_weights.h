/* Weights of classes from how often they occur, and by name; private to models. */
#pragma once

#include "models/head.h"

/* count[k] = labels with class k; count (classes). */
void class_counts(double *count, const TrainingLabels *labels);

/* "bolt=2, nut=0.5": weight[k] *= the factor of class k. An error names what is no class, or no factor. */
bool class_factors(double *weight, const LabelGroup *group, const char *text, Error *err);
