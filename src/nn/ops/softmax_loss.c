/*
 * Softmax cross-entropy of one head, and focal loss. With p the probabilities and y the label, the loss of an image is
 * -sum_k q_k log p_k, q being one-hot with a share of smoothing, and its gradient p - q; or, with focus,
 * -(1 - p_y)^gamma log p_y, whose gradient is c (one-hot - p) with c its derivative by log p_y.
 */
#include "loss.h"
#include "nn/ops.h"
#include "nn/run.h"

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

/* log_sum: of the exponentials of the row. */
static double cross_entropy(const SoftmaxLoss *options, const float *row, double log_sum, int label,
                            int K)
{
    double smoothing = (double)options->smoothing, sum = 0;
    if (smoothing == 0) return log_sum - (double)row[label];
    for (int k = 0; k < K; k++) sum += (double)row[k];
    return log_sum - (1 - smoothing) * (double)row[label] - smoothing * sum / K;
}

/* log p of a class in double: the focus on 1 - p cannot do with float's digits. */
static double log_probability(const float *row, int class, int K)
{
    double sum = 0, largest = (double)row[most_probable(row, K)];
    for (int k = 0; k < K; k++) sum += plain_exp((double)row[k] - largest);
    return (double)row[class] - largest - plain_log(sum);
}

static double loss_of(const SoftmaxLoss *options, const float *row, double log_sum, int label,
                      int K)
{
    if (options->gamma == 0) return cross_entropy(options, row, log_sum, label, K);
    double log_p = log_probability(row, label, K);
    return -power(1 - plain_exp(log_p), (double)options->gamma) * log_p;
}

/* The probabilities once more, of logits / temperature; in place of the sums, which the loss has used. */
static void apply_temperature(const Op *op, const Run *run, float *log_sum)
{
    const SoftmaxLoss *options = op->options;
    int K = op->out->shape.dim[1];
    const float *logits = run_value(run, op->in[0]);
    float *probability = run_value(run, op->out);
    for (size_t i = 0; i < (size_t)run->images * (size_t)K; i++)
        probability[i] = (float)((double)logits[i] / options->temperature);
    run->kernel->softmax(probability, log_sum, probability, (size_t)run->images, K);
}

static void forward(const Op *op, Run *run)
{
    const SoftmaxLoss *options = op->options;
    HeadRun *head = &run->head[options->head];
    int K = op->out->shape.dim[1];
    const float *logits = run_value(run, op->in[0]);
    float *log_sum = run_scratch(run);
    run->kernel->softmax(run_value(run, op->out), log_sum, logits, (size_t)run->images, K);
    loss_begin(head);
    for (int n = 0; n < run->images; n++) {
        const float *row = logits + (size_t)n * (size_t)K;
        const Target *target = loss_targets(head, n);
        for (int i = 0; i < head->parts; i++)
            if (target[i].weight != 0)
                head->loss += (double)target[i].weight *
                              loss_of(options, row, (double)log_sum[n], target[i].label, K);
        if (target->weight != 0) head->correct += most_probable(row, K) == target->label;
    }
    if (!run->training && temperature_of(options->temperature) != 1)
        apply_temperature(op, run, log_sum);
}

/* dlogits += scale * gradient of the cross-entropy. */
static void add_cross_entropy(float *dlogits, const float *probability, const SoftmaxLoss *options,
                              int label, float scale, int K)
{
    float low = options->smoothing / (float)K, high = 1 - options->smoothing + low;
    for (int k = 0; k < K; k++) {
        float error = probability[k] - (k == label ? high : low);
        dlogits[k] += error * scale;
    }
}

/* With p = p_y, l = log p, q = 1 - p: c = -q^gamma + gamma q^(gamma-1) p l. As q goes to 0, l / q goes to -1. */
static void add_focal(float *dlogits, const float *row, const float *probability, double gamma,
                      int label, float scale, int K)
{
    double log_p = log_probability(row, label, K), p = plain_exp(log_p), q = 1 - p;
    double focus = power(q, gamma), c = -focus + gamma * focus * p * (q > 0 ? log_p / q : -1);
    for (int k = 0; k < K; k++)
        dlogits[k] += (float)(c * ((k == label) - (double)probability[k])) * scale;
}

static void add_gradient(const SoftmaxLoss *options, float *dlogits, const float *row,
                         const float *probability, const Target *target, float scale, int K)
{
    if (target->weight == 0) return;
    if (options->gamma == 0)
        add_cross_entropy(dlogits, probability, options, target->label, target->weight * scale, K);
    else
        add_focal(dlogits, row, probability, (double)options->gamma, target->label,
                  target->weight * scale, K);
}

static void backward(const Op *op, Run *run)
{
    const SoftmaxLoss *options = op->options;
    const HeadRun *head = &run->head[options->head];
    size_t K = (size_t)op->out->shape.dim[1];
    const float *probability = run_value(run, op->out), *logits = run_value(run, op->in[0]);
    float *dlogits = run_grad(run, op, 0);
    if (!dlogits) return;
    for (int n = 0; n < run->images; n++) {
        const Target *target = loss_targets(head, n);
        size_t row = (size_t)n * K;
        for (int i = 0; i < head->parts; i++)
            add_gradient(options, dlogits + row, logits + row, probability + row, &target[i],
                         head->scale, (int)K);
    }
}

static const OpType softmax_loss_type = {.name = "softmax_loss",
                                         .keeps = KEEPS_IN0 | KEEPS_OUT,
                                         .scratch = scratch,
                                         .forward = forward,
                                         .backward = backward};

Tensor *nn_softmax_loss(Graph *graph, const char *name, Tensor *logits, SoftmaxLoss options)
{
    return graph_op(graph, &softmax_loss_type, name, logits, NULL, logits->shape, &options,
                    sizeof options)
        ->out;
}
