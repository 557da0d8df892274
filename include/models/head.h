/* Heads: one file each. They add their parameters under the scope heads.NAME. */
#pragma once

#include "nn/graph.h"

/* A linear classifier with softmax cross-entropy: features (N,D) -> logits, probabilities
 * (N,classes). `index`: the head's place in Run.head. */
void head_softmax(Graph *graph, Tensor *features, int index, int classes, Tensor **logits,
                  Tensor **probability);
