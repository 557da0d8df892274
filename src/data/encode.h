/* Labels as numbers, and stratified splits; private to data. */
#pragma once

#include "base/arena.h"
#include "data/pack_write.h"

/* Encodes all groups, whose cells cell_check has passed: classes sorted in byte order, purely numeric ones by
 * value. Groups without any label or with too many classes are errors. */
LabelGroup *encode_labels(const Listing *listing, Arena *arena, Error *err);

/* Splits (records) from the listing's column, or stratified by shares, or all train. */
uint8_t *assign_splits(const Listing *listing, const LabelGroup *group, const SplitShares *shares,
                       uint64_t seed, Arena *arena, Error *err);

/* Reports each group that has classes which occur in val or test but not in train, with what to do
 * (`cure`). A listing without any training image passes: it is for evaluation. */
bool check_classes(const Listing *listing, const LabelGroup *group, const uint8_t *split,
                   const char *cure, Error *err);
