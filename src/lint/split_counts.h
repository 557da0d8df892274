/* Images of each class in each split; private to lint. */
#pragma once

#include "inspection.h"

/* (classes,SPLIT_COUNT), in the arena. */
size_t *split_counts(const LabelGroup *group, const Inspection *inspection);
