/*
 * Ordered classes. Logit k gives P(y > k | y >= k), so a label y has the terms k = 0 … min(y, K - 2): binary
 * cross-entropy with "yes" below y and "no" at y. P(y > k) is the product of the sigmoids up to k, and a class's
 * probability the difference of two of them.
 */
#include "loss.h"
#include "nn/ops.h"

#include <stdlib.h>

int nn_ordinal_terms(int label, int classes)
{
    return label < classes - 1 ? label + 1 : classes - 1;
}

int nn_ordinal_rank(const float *probability, int classes)
{
    double beyond = 1;
    int rank = 0;
    for (int k = 0; k < classes - 1; k++) {
        beyond -= (double)probability[k];
        rank += beyond > 0.5;
    }
    return rank;
}

static double loss_of(const float *row, int label, int K)
{
    double sum = 0;
    for (int k = 0; k < nn_ordinal_terms(label, K); k++)
        sum += softplus(label > k ? -(double)row[k] : (double)row[k]);
    return sum;
}

static void predict(float *probability, const float *row, double temperature, int K)
{
    double beyond = 1;
    for (int k = 0; k < K - 1; k++) {
        double next = beyond * sigmoid((double)row[k] / temperature);
        probability[k] = (float)(beyond - next);
        beyond = next;
    }
    probability[K - 1] = (float)beyond;
}

static void forward(const Op *op, Run *run)
{
    const OrdinalLoss *options = op->options;
    HeadRun *head = &run->head[options->head];
    int K = op->out->shape.dim[1];
    const float *logits = run_value(run, op->in[0]);
    loss_begin(head);
    for (int n = 0; n < run->images; n++) {
        const float *row = logits + (size_t)n * (size_t)(K - 1);
        float *probability = run_value(run, op->out) + (size_t)n * (size_t)K;
        const Target *target = loss_targets(head, n);
        predict(probability, row, temperature_of(options->temperature), K);
        for (int i = 0; i < head->parts; i++)
            if (target[i].weight != 0)
                head->loss += (double)target[i].weight * loss_of(row, target[i].label, K);
        if (target->weight == 0) continue;
        int distance = abs(nn_ordinal_rank(probability, K) - target->label);
        head->correct += distance == 0;
        head->error += distance;
    }
}

static void backward(const Op *op, Run *run)
{
    const OrdinalLoss *options = op->options;
    const HeadRun *head = &run->head[options->head];
    int K = op->out->shape.dim[1];
    float *dlogits = run_grad(run, op, 0);
    if (!dlogits) return;
    for (int n = 0; n < run->images; n++) {
        const Target *target = loss_targets(head, n);
        size_t begin = (size_t)n * (size_t)(K - 1);
        const float *row = run_value(run, op->in[0]) + begin;
        for (int i = 0; i < head->parts; i++) {
            double scale = (double)target[i].weight * (double)head->scale;
            for (int k = 0; scale != 0 && k < nn_ordinal_terms(target[i].label, K); k++)
                dlogits[begin + (size_t)k] +=
                    (float)(scale * (target[i].label > k ? -sigmoid(-(double)row[k])
                                                         : sigmoid((double)row[k])));
        }
    }
}

static const OpType ordinal_loss_type = {
    .name = "ordinal_loss", .keeps = KEEPS_IN0, .forward = forward, .backward = backward};

Tensor *nn_ordinal_loss(Graph *graph, const char *name, Tensor *logits, OrdinalLoss options)
{
    Shape shape = logits->shape;
    shape.dim[1]++;
    return graph_op(graph, &ordinal_loss_type, name, logits, NULL, shape, &options, sizeof options)
        ->out;
}
