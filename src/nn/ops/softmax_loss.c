/*
 * Softmax cross-entropy of one head. The loss of an image is log(sum exp(logits)) - logit of its
 * label; its gradient (probability - one-hot) * scale, where scale already holds the head's weight
 * and the global count of labelled images. A masked image has neither.
 */
#include "nn/ops.h"
#include "nn/run.h"

typedef struct SoftmaxLoss {
    int head;
} SoftmaxLoss;

static size_t scratch(const Op *op, bool training)
{
    (void)training;
    return (size_t)op->out->shape.dim[0];
}

static int most_probable(const float *row, int K)
{
    int best = 0;
    for (int k = 1; k < K; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

static void forward(const Op *op, Run *run)
{
    const SoftmaxLoss *options = op->options;
    HeadRun *head = &run->head[options->head];
    int K = op->out->shape.dim[1];
    const float *logits = run_value(run, op->in[0]);
    float *log_sum = run_scratch(run);
    run->kernel->softmax(run_value(run, op->out), log_sum, logits, (size_t)run->images, K);
    head->loss = 0;
    head->correct = 0;
    for (int n = 0; n < run->images; n++) {
        const float *row = logits + (size_t)n * (size_t)K;
        if (head->label[n] < 0) continue;
        head->loss += (double)log_sum[n] - (double)row[head->label[n]];
        head->correct += most_probable(row, K) == head->label[n];
    }
}

static void backward(const Op *op, Run *run)
{
    const SoftmaxLoss *options = op->options;
    const HeadRun *head = &run->head[options->head];
    size_t K = (size_t)op->out->shape.dim[1];
    const float *probability = run_value(run, op->out);
    float *dlogits = run_grad(run, op, 0);
    if (!dlogits) return;
    for (size_t n = 0; n < (size_t)run->images; n++) {
        if (head->label[n] < 0) continue;
        for (size_t k = 0; k < K; k++) {
            float error = probability[n * K + k] - (k == (size_t)head->label[n] ? 1.0F : 0.0F);
            dlogits[n * K + k] += error * head->scale;
        }
    }
}

static const OpType softmax_loss_type = {.name = "softmax_loss",
                                         .keeps = KEEPS_OUT,
                                         .scratch = scratch,
                                         .forward = forward,
                                         .backward = backward};

Tensor *nn_softmax_loss(Graph *graph, const char *name, Tensor *logits, int head)
{
    SoftmaxLoss options = {head};
    return graph_op(graph, &softmax_loss_type, name, logits, NULL, logits->shape, &options,
                    sizeof options)
        ->out;
}
