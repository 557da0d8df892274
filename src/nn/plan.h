/* Memory plans; private to nn. */
#pragma once

#include "nn/graph.h"

/* Gives every tensor that a pass over the graph needs a place, so that tensors alive at the same
 * time do not overlap. */
void plan_memory(Graph *graph, bool training, Plan *plan);
