/* The labels of a pack in the terms of a head: its own numbers of classes. */
#pragma once

#include "base/arena.h"
#include "models/head.h"

/* Finds the group with the head's name: `labels` is it, with the head's classes. They are matched by name; one that
 * the head has not learnt is an error if a record has it. A head whose class names are but numbers takes as
 * many classes of the pack in their order. Memory comes from `run`. */
bool head_labels_match(LabelGroup *labels, const Pack *pack, const HeadSpec *head, Arena *run,
                       Error *err);

/* The same labels with class_of[k] (classes) in place of class k. Memory comes from `run`. */
LabelGroup head_labels_renumber(const LabelGroup *labels, const int *class_of, size_t records,
                                Arena *run);

/* The label of a record; of weight 0 where it is missing. */
Target head_target(const LabelGroup *labels, const HeadFacts *facts, uint32_t record);
