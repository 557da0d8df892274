/* The linear softmax head. Weights start as timm's classifiers do: truncated normal, deviation
 * 0.02. */
#include "models/head.h"
#include "nn/ops.h"

void head_softmax(Graph *graph, Tensor *features, int index, int classes, Tensor **logits,
                  Tensor **probability)
{
    *logits = nn_linear(graph, "linear", features,
                        (Linear){.out = classes, .init = {INIT_TRUNC_NORMAL, 0.02}});
    *probability = nn_softmax_loss(graph, "softmax", *logits, index);
}
