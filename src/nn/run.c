/* Forward and backward over one lane, and what ops use to reach their memory. */
#include "nn/run.h"

#include "base/clock.h"
#include "base/pulse.h"

#include <assert.h>
#include <string.h>

void graph_prepare(const Graph *graph, int index, const float *value, float *prepared)
{
    const Op *op = graph->op[index];
    if (op->type->prepare) op->type->prepare(op, value, prepared + op->prepared);
}

/* One of an op's passes; with its time, if somebody watches. */
static void pass(void (*work)(const Op *op, Run *run), SpanKind kind, const Op *op, Run *run)
{
    if (!run->spans) {
        work(op, run);
        return;
    }
    double begin = clock_seconds();
    work(op, run);
    spans_add(run->spans, kind, op->index, begin);
}

void graph_forward(Run *run)
{
    run->is_backward = false;
    for (int i = 0; i < run->graph->op_count; i++) {
        const Op *op = run->graph->op[i];
        pass(op->type->forward, SPAN_FORWARD, op, run);
        run_poll(run);
    }
}

/* Padding between parameters is summed like the rest, so it must be zero whatever op used dparam
 * before. */
static void clear_padding(const Op *op, float *dparam)
{
    for (int i = 0; i < OP_PARAMS; i++) {
        const Param *param = op->param[i];
        if (!param) continue;
        size_t padding = (PARAM_ALIGN - param->count % PARAM_ALIGN) % PARAM_ALIGN;
        memset(dparam + (param->offset - op->param_begin) + param->count, 0,
               sizeof(float) * padding);
    }
}

/* What the op is the first to need of the values that are not kept. */
static void remake_inputs(const Op *op, const Run *run)
{
    for (int i = 0; i < OP_INPUTS; i++) {
        if (!op->remakes_in[i]) continue;
        const Op *producer = run->graph->op[op->in[i]->producer];
        producer->type->remake(producer, run);
    }
}

static void go_back(const Op *op, Run *run)
{
    remake_inputs(op, run);
    op->type->backward(op, run);
}

/* The op's gradient, to whoever sums it. */
static void hand_over(const Op *op, Run *run)
{
    run->grad_ready(run->context, op->param_begin, run->dparam, op->param_count);
}

void graph_backward(Run *run)
{
    run->is_backward = true;
    for (int i = run->graph->op_count - 1; i >= 0; i--) {
        const Op *op = run->graph->op[i];
        if (op->out->wants_grad)
            pass(go_back, SPAN_BACKWARD, op, run);
        else if (op->param_count) /* frozen, and nothing before it learns */
            memset(run->dparam, 0, sizeof(float) * op->param_count);
        clear_padding(op, run->dparam);
        if (op->param_count) pass(hand_over, SPAN_SUM, op, run);
        run_poll(run);
    }
}

float *run_value(const Run *run, const Tensor *tensor)
{
    size_t again = run->is_backward ? run->plan->again[tensor->id] : PLAN_NONE;
    size_t place = again != PLAN_NONE ? again : run->plan->value[tensor->id];
    assert(place != PLAN_NONE);
    return run->workspace + place;
}

float *run_dout(const Run *run, const Op *op)
{
    assert(run->plan->grad[op->out->id] != PLAN_NONE);
    return run->workspace + run->plan->grad[op->out->id];
}

float *run_grad_raw(const Run *run, const Op *op, int i, bool *adds)
{
    if (!op->in[i] || !op->in[i]->wants_grad) return NULL;
    *adds = !op->grad_is_first[i];
    return run->workspace + run->plan->grad[op->in[i]->id];
}

float *run_grad(const Run *run, const Op *op, int i)
{
    bool adds;
    float *grad = run_grad_raw(run, op, i, &adds);
    if (grad && !adds) {
        Shape shape = op->in[i]->shape;
        shape.dim[0] = run->images;
        memset(grad, 0, sizeof(float) * shape_count(shape));
    }
    return grad;
}

float *run_scratch(const Run *run)
{
    return run->workspace + run->plan->scratch;
}

const float *run_param(const Run *run, const Op *op, int slot)
{
    return run->value + op->param[slot]->offset;
}

const float *run_state(const Run *run, const Op *op, int slot)
{
    return run->state + op->state[slot]->offset;
}

const float *run_prepared(const Run *run, const Op *op)
{
    return run->prepared + op->prepared;
}

float *run_dparam(const Run *run, const Op *op, int slot)
{
    return run->dparam + (op->param[slot]->offset - op->param_begin);
}

void run_poll(const Run *run)
{
    pulse_tick();
    if (run->poll) run->poll(run->context);
}

static void poll_run(void *run)
{
    run_poll(run);
}

void run_gemm(const Run *run, Transpose ta, Transpose tb, int m, int n, int k, float alpha,
              const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    gemm_polled(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,
                (GemmPoll){poll_run, (void *)run});
}

void run_gemm_panels(const Run *run, const PanelProduct *product)
{
    PanelProduct polled = *product;
    polled.poll = (GemmPoll){poll_run, (void *)run};
    gemm_panels(&polled);
}

void run_gemm_packed(const Run *run, Transpose ta, int m, int n, int k, const float *a, int lda,
                     const float *packed, float beta, float *c, int ldc)
{
    gemm_packed(ta, m, n, k, a, lda, packed, beta, c, ldc, (GemmPoll){poll_run, (void *)run});
}
