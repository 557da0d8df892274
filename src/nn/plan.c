/*
 * Memory plans. Time runs over the ops: forward of op i at i, and, in training, its backward at
 * 2n-1-i. A tensor's value lives from its producer's forward to its last reader, a gradient from
 * the first backward that adds to it to its producer's backward. A value that backward makes anew has two lives, each
 * with a place of its own. Places are given greedily, largest
 * first, at the lowest offset that is free during the whole interval.
 */
#include "plan.h"

#include <stdlib.h>

typedef struct Interval {
    int begin, end; /* closed, in op times; begin > end: not needed */
    size_t floats;
    size_t *place; /* where the answer goes */
} Interval;

typedef struct Timeline {
    const Graph *graph;
    bool training;
    Interval *value, *grad, *again; /* (tensors) */
} Timeline;

static int forward_time(const Op *op)
{
    return op->index;
}

static int backward_time(const Timeline *line, const Op *op)
{
    return 2 * line->graph->op_count - 1 - op->index;
}

static void extend(Interval *interval, int time)
{
    if (time < interval->begin) interval->begin = time;
    if (time > interval->end) interval->end = time;
}

static bool is_remade(const Graph *graph, int tensor)
{
    int producer = graph->tensor[tensor]->producer;
    return producer >= 0 && graph->op[producer]->remakes_out &&
           graph->op[producer]->out->id == tensor;
}

/* `op` needs the tensor's value in its backward, which runs if something learns. */
static void mark_kept(Timeline *line, const Op *op, int tensor, int later)
{
    if (!is_remade(line->graph, tensor))
        extend(&line->value[tensor], later);
    else if (op->out->wants_grad)
        extend(&line->again[tensor], later);
}

static void mark_op(Timeline *line, const Op *op)
{
    int now = forward_time(op), later = backward_time(line, op);
    for (int i = 0; i < OP_INPUTS; i++) {
        if (!op->in[i]) continue;
        extend(&line->value[op->in[i]->id], now);
        if (!line->training) continue;
        if (op->type->keeps & (unsigned)(KEEPS_IN0 << i)) mark_kept(line, op, op->in[i]->id, later);
        if (op->in[i]->wants_grad) extend(&line->grad[op->in[i]->id], later);
    }
    extend(&line->value[op->out->id], now);
    for (int i = 0; i < OP_SAVED; i++) {
        if (!op->saved[i] || (op->saved[i]->only_training && !line->training)) continue;
        extend(&line->value[op->saved[i]->id], now);
        if (line->training) extend(&line->value[op->saved[i]->id], later);
    }
    if (!line->training) return;
    if (op->type->keeps & KEEPS_OUT && !op->remakes_out) extend(&line->value[op->out->id], later);
    if (op->type->keeps & KEEPS_OUT_AGAIN) mark_kept(line, op, op->out->id, later);
    if (op->out->wants_grad) extend(&line->grad[op->out->id], later);
}

/* Inputs are there from the beginning; an op's output that no op reads is a result and stays to the
 * end. What an op saves has its own backward as its reader. */
static void mark_ends(Timeline *line)
{
    const Graph *graph = line->graph;
    int end = line->training ? 2 * graph->op_count - 1 : graph->op_count - 1;
    bool *read = calloc((size_t)graph->tensor_count, sizeof *read);
    if (!read) die("memory plan: out of memory");
    for (int i = 0; i < graph->op_count; i++) {
        const Op *op = graph->op[i];
        for (int j = 0; j < OP_INPUTS; j++)
            if (op->in[j]) read[op->in[j]->id] = true;
        for (int j = 0; j < OP_SAVED; j++)
            if (op->saved[j]) read[op->saved[j]->id] = true;
    }
    for (int i = 0; i < graph->tensor_count; i++) {
        Interval *interval = &line->value[i];
        if (graph->tensor[i]->producer < 0) interval->begin = 0;
        if ((!read[i] || graph->tensor[i]->is_output) && interval->begin <= interval->end)
            interval->end = end;
    }
    free(read);
}

static int larger_first(const void *a, const void *b)
{
    const Interval *x = *(const Interval *const *)a, *y = *(const Interval *const *)b;
    if (x->floats != y->floats) return x->floats < y->floats ? 1 : -1;
    return x < y ? -1 : x > y; /* qsort is not stable; the plan must not depend on it */
}

static int lower_first(const void *a, const void *b)
{
    const Interval *x = *(const Interval *const *)a, *y = *(const Interval *const *)b;
    return *x->place < *y->place ? -1 : *x->place > *y->place;
}

/* Lowest offset at which `interval` meets none of the placed ones of its time. */
static size_t lowest_free(const Interval *interval, Interval **placed, int count)
{
    size_t offset = 0;
    for (int i = 0; i < count; i++) { /* placed is sorted by place */
        const Interval *other = placed[i];
        if (other->end < interval->begin || other->begin > interval->end) continue;
        if (*other->place >= offset + interval->floats) break;
        size_t behind = *other->place + other->floats;
        if (behind > offset) offset = behind;
    }
    return offset;
}

static size_t place_all(Interval **list, int count)
{
    size_t top = 0;
    qsort(list, (size_t)count, sizeof *list, larger_first);
    for (int i = 0; i < count; i++) {
        *list[i]->place = lowest_free(list[i], list, i);
        if (*list[i]->place + list[i]->floats > top) top = *list[i]->place + list[i]->floats;
        qsort(list, (size_t)i + 1, sizeof *list, lower_first);
    }
    return top;
}

static size_t largest_scratch(const Graph *graph, bool training)
{
    size_t most = 0;
    for (int i = 0; i < graph->op_count; i++) {
        const Op *op = graph->op[i];
        size_t floats = op->type->scratch ? op->type->scratch(op, training) : 0;
        if (floats > most) most = floats;
    }
    return most;
}

void plan_memory(Graph *graph, bool training, Plan *plan)
{
    int n = graph->tensor_count;
    Interval *interval = calloc(3 * (size_t)n + 1, sizeof *interval);
    Interval **list = calloc(3 * (size_t)n + 1, sizeof(Interval *));
    if (!interval || !list) die("memory plan: out of memory for %d tensors", n);
    plan->value = arena_new(graph->arena, size_t, n);
    plan->grad = arena_new(graph->arena, size_t, n);
    plan->again = arena_new(graph->arena, size_t, n);
    Timeline line = {graph, training, interval, interval + n, interval + 2 * n};
    for (int i = 0; i < n; i++) {
        plan->value[i] = plan->grad[i] = plan->again[i] = PLAN_NONE;
        size_t floats = (shape_count(graph->tensor[i]->shape) + 15) / 16 * 16;
        line.value[i] = (Interval){INT32_MAX, -1, floats, &plan->value[i]};
        line.grad[i] = (Interval){INT32_MAX, -1, floats, &plan->grad[i]};
        line.again[i] = (Interval){INT32_MAX, -1, floats, &plan->again[i]};
    }
    for (int i = 0; i < graph->op_count; i++) mark_op(&line, graph->op[i]);
    mark_ends(&line);
    int count = 0;
    for (int i = 0; i < 3 * n; i++)
        if (interval[i].begin <= interval[i].end) list[count++] = &interval[i];
    plan->scratch = place_all(list, count);
    plan->floats = plan->scratch + largest_scratch(graph, training);
    free(list);
    free(interval);
}
