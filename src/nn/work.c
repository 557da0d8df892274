/* Counting multiply-adds. */
#include "nn/work.h"

/* Places of the output: pixels, tokens, or one. */
static uint64_t places(const Tensor *out)
{
    const Shape *shape = &out->shape;
    return shape_count(*shape) / (uint64_t)shape->dim[0] / (uint64_t)shape->dim[shape->rank - 1];
}

uint64_t macs_of_weights(const Op *op)
{
    uint64_t weights = 0;
    for (int i = 0; i < OP_PARAMS; i++)
        if (op->param[i] && op->param[i]->shape.rank > 1) weights += op->param[i]->count;
    return weights * places(op->out);
}

uint64_t macs_of_token_pairs(const Op *op)
{
    uint64_t tokens = (uint64_t)op->out->shape.dim[1], channels = (uint64_t)op->out->shape.dim[2];
    return 2 * tokens * tokens * channels;
}

static bool learns(const Op *op)
{
    for (int i = 0; i < OP_PARAMS; i++)
        if (op->param[i] && !op->param[i]->frozen) return true;
    return false;
}

/* Attention has no weights, and its gradient two products for each of its own. */
static uint64_t backward_products(const Op *op)
{
    if (!op->param_count) return op->in[0]->wants_grad ? 2 : 0;
    return (uint64_t)learns(op) + op->in[0]->wants_grad;
}

Work op_work(const Op *op)
{
    if (!op->type->macs) return (Work){0, 0};
    uint64_t macs = op->type->macs(op);
    return (Work){macs, macs * backward_products(op)};
}

Work graph_work(const Graph *graph)
{
    Work sum = {0, 0};
    for (int i = 0; i < graph->op_count; i++) {
        Work work = op_work(graph->op[i]);
        sum.forward += work.forward;
        sum.backward += work.backward;
    }
    return sum;
}

double work_flops(Work work)
{
    return 2.0 * ((double)work.forward + (double)work.backward);
}
