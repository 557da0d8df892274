/* Building a graph: tensors, ops, parameters, names; finishing it with its memory plans. */
#include "nn/graph.h"

#include "base/hash.h"
#include "plan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

Graph *graph_create(Arena *run)
{
    Graph *graph = arena_new(run, Graph, 1);
    graph->arena = run;
    graph->params = param_store_create(run);
    graph->state = param_store_create(run);
    graph->head = -1;
    return graph;
}

static Tensor *new_tensor(Graph *graph, const char *name, Shape shape, int producer)
{
    graph->tensor = arena_extend(graph->arena, graph->tensor, graph->tensor_count);
    Tensor *tensor = arena_new(graph->arena, Tensor, 1);
    tensor->name = arena_printf(graph->arena, "%s%s", graph->scope, name);
    tensor->shape = shape;
    tensor->id = graph->tensor_count;
    tensor->producer = producer;
    graph->tensor[graph->tensor_count++] = tensor;
    return tensor;
}

Tensor *graph_input(Graph *graph, const char *name, Shape shape)
{
    return new_tensor(graph, name, shape, -1);
}

void graph_push_scope(Graph *graph, const char *format, ...)
{
    size_t used = strlen(graph->scope);
    assert(graph->scopes < SCOPE_MAX);
    graph->scope_length[graph->scopes++] = used;
    va_list list;
    va_start(list, format);
    vsnprintf(graph->scope + used, sizeof graph->scope - used, format, list);
    va_end(list);
    used = strlen(graph->scope);
    assert(used + 2 < sizeof graph->scope);
    memcpy(graph->scope + used, ".", 2);
}

void graph_pop_scope(Graph *graph)
{
    assert(graph->scopes > 0);
    graph->scope[graph->scope_length[--graph->scopes]] = 0;
}

void graph_stage(Graph *graph, int stage)
{
    graph->stage = stage;
}

void graph_layer(Graph *graph)
{
    graph->layer++;
}

void graph_head(Graph *graph, int head)
{
    graph->head = head;
}

bool graph_is_frozen(const Graph *graph)
{
    return graph->stage > 0 && graph->stage <= graph->frozen;
}

Op *graph_op(Graph *graph, const OpType *type, const char *name, Tensor *in0, Tensor *in1,
             Shape shape, const void *options, size_t options_bytes)
{
    graph->op = arena_extend(graph->arena, graph->op, graph->op_count);
    Op *op = arena_new(graph->arena, Op, 1);
    op->type = type;
    op->name = arena_printf(graph->arena, "%s%s", graph->scope, name);
    op->name_hash = hash_text(op->name);
    if (options_bytes) {
        void *copy = arena_alloc(graph->arena, options_bytes);
        memcpy(copy, options, options_bytes);
        op->options = copy;
    }
    op->in[0] = in0;
    op->in[1] = in1;
    op->index = graph->op_count;
    op->out = new_tensor(graph, name, shape, op->index);
    op->out->wants_grad = in0->wants_grad || (in1 && in1->wants_grad);
    op->param_begin = graph->params->total;
    graph->op[graph->op_count++] = op;
    return op;
}

Tensor *graph_saved(Graph *graph, Op *op, int slot, const char *name, Shape shape)
{
    return op->saved[slot] = new_tensor(graph, name, shape, op->index);
}

Param *graph_param(Graph *graph, Op *op, int slot, const char *name, Shape shape, Init init,
                   bool decay)
{
    assert(op == graph->op[graph->op_count - 1]); /* its parameters lie side by side */
    char full[320];
    snprintf(full, sizeof full, "%s%s", graph->scope, name);
    op->param[slot] = param_declare(graph->params, full, shape, init, decay);
    op->param_count = graph->params->total - op->param_begin;
    op->param[slot]->stage = graph->stage;
    op->param[slot]->layer = graph->layer;
    op->param[slot]->head = graph->head;
    op->param[slot]->frozen = graph_is_frozen(graph);
    if (!op->param[slot]->frozen) op->out->wants_grad = true;
    return op->param[slot];
}

Param *graph_state(Graph *graph, Op *op, int slot, const char *name, int count, float initial)
{
    char full[320];
    snprintf(full, sizeof full, "%s%s", graph->scope, name);
    op->state[slot] = param_declare(graph->state, full, shape_of(1, count),
                                    (Init){INIT_CONSTANT, initial}, false);
    op->state[slot]->head = graph->head;
    op->state[slot]->frozen = graph_is_frozen(graph) || graph->fixed_norm;
    return op->state[slot];
}

/* Backward runs from the last op to the first: the last consumer of a tensor touches its gradient
 * first. */
static void find_first_writers(Graph *graph)
{
    bool *touched = arena_new(graph->arena, bool, graph->tensor_count);
    for (int i = graph->op_count - 1; i >= 0; i--)
        for (int j = 0; j < OP_INPUTS; j++) {
            Op *op = graph->op[i];
            if (!op->in[j]) continue;
            op->grad_is_first[j] = !touched[op->in[j]->id];
            touched[op->in[j]->id] = true;
        }
}

/* The last op that keeps a value is the first to need it in backward. */
static void find_remakers(Graph *graph)
{
    bool *made = arena_new(graph->arena, bool, graph->tensor_count);
    for (int i = graph->op_count - 1; i >= 0; i--)
        for (int j = 0; j < OP_INPUTS; j++) {
            Op *op = graph->op[i];
            if (!op->in[j] || op->in[j]->producer < 0 || made[op->in[j]->id]) continue;
            bool keeps = op->type->keeps & (unsigned)(KEEPS_IN0 << j) && op->out->wants_grad;
            op->remakes_in[j] = keeps && graph->op[op->in[j]->producer]->remakes_out;
            made[op->in[j]->id] = op->remakes_in[j];
        }
}

static void place_prepared(Graph *graph)
{
    for (int i = 0; i < graph->op_count; i++) {
        Op *op = graph->op[i];
        op->prepared = graph->prepared_floats;
        if (op->type->prepared) graph->prepared_floats += (op->type->prepared(op) + 15) / 16 * 16;
        if (op->param_count > graph->dparam_floats) graph->dparam_floats = op->param_count;
    }
}

bool graph_finish(Graph *graph, Error *err)
{
    if (graph->err.kind != ERROR_NONE) {
        *err = graph->err;
        return false;
    }
    find_first_writers(graph);
    find_remakers(graph);
    place_prepared(graph);
    if (!graph->only_evaluation) plan_memory(graph, true, &graph->train);
    plan_memory(graph, false, &graph->eval);
    return true;
}
