/*
 * Several labels at once: each class has a sigmoid p of its logit z, q = 1 - p. A class that holds has the term
 * -w q^a log p, one that does not -r^b log(1 - r) with r = max(p - margin, 0). With exponents and margin of 0
 * that is binary cross-entropy, whose gradients are w (p - 1) and p.
 */
#include "loss.h"
#include "nn/ops.h"

/* A term and its derivative by the logit. */
typedef struct Term {
    double loss, slope;
} Term;

/* With l = log p: d/dl (-q^a l) = -q^a + a q^(a-1) p l, and dl/dz = q. */
static Term positive_term(const SigmoidLoss *options, double z)
{
    double a = (double)options->gamma_positive;
    double p = sigmoid(z), q = sigmoid(-z), l = -softplus(-z), focus = power(q, a);
    return (Term){-focus * l, -focus * q + a * focus * p * l};
}

/* With l = log(1 - r): d/dp (-r^b l) = -b r^(b-1) l + r^b / (1 - r), and dp/dz = p q. */
static Term negative_term(const SigmoidLoss *options, double z)
{
    double b = (double)options->gamma_negative, margin = (double)options->margin;
    double p = sigmoid(z), q = sigmoid(-z), r = p - margin;
    if (r <= 0) return (Term){0, 0};
    double l = margin > 0 ? plain_log(q + margin) : -softplus(z), focus = power(r, b);
    double share = margin > 0 ? q / (q + margin) : 1; /* q / (1 - r) */
    return (Term){-focus * l, focus * p * share - b * focus / r * l * p * q};
}

static Term term_of(const SigmoidLoss *options, float logit, int class, bool holds)
{
    if (!holds) return negative_term(options, (double)logit);
    Term term = positive_term(options, (double)logit);
    double weight = options->positive_weight ? options->positive_weight[class] : 1;
    return (Term){weight * term.loss, weight * term.slope};
}

/* Whether class k is the next of the target's classes; *next counts those that have come. */
static bool holds(const Target *target, int *next, int k)
{
    if (*next == target->members || target->member[*next] != k) return false;
    (*next)++;
    return true;
}

static double loss_of(const SigmoidLoss *options, const float *row, const Target *target, int K)
{
    double sum = 0;
    for (int k = 0, next = 0; k < K; k++)
        sum += term_of(options, row[k], k, holds(target, &next, k)).loss;
    return sum;
}

static bool is_right(const float *row, const Target *target, int K)
{
    bool right = true;
    for (int k = 0, next = 0; k < K; k++) right &= holds(target, &next, k) == (row[k] > 0);
    return right;
}

static void forward(const Op *op, Run *run)
{
    const SigmoidLoss *options = op->options;
    HeadRun *head = &run->head[options->head];
    int K = op->out->shape.dim[1];
    const float *logits = run_value(run, op->in[0]);
    float *probability = run_value(run, op->out);
    double temperature = temperature_of(options->temperature);
    loss_begin(head);
    for (size_t i = 0; i < (size_t)run->images * (size_t)K; i++)
        probability[i] = (float)sigmoid((double)logits[i] / temperature);
    for (int n = 0; n < run->images; n++) {
        const float *row = logits + (size_t)n * (size_t)K;
        const Target *target = loss_targets(head, n);
        for (int i = 0; i < head->parts; i++)
            if (target[i].weight != 0)
                head->loss += (double)target[i].weight * loss_of(options, row, &target[i], K);
        if (target->weight != 0) head->correct += is_right(row, target, K);
    }
}

static void backward(const Op *op, Run *run)
{
    const SigmoidLoss *options = op->options;
    const HeadRun *head = &run->head[options->head];
    int K = op->out->shape.dim[1];
    const float *logits = run_value(run, op->in[0]);
    float *dlogits = run_grad(run, op, 0);
    if (!dlogits) return;
    for (int n = 0; n < run->images; n++) {
        const Target *target = loss_targets(head, n);
        size_t row = (size_t)n * (size_t)K;
        for (int i = 0; i < head->parts; i++) {
            double scale = (double)target[i].weight * (double)head->scale;
            for (int k = 0, next = 0; k < K && scale != 0; k++)
                dlogits[row + (size_t)k] +=
                    (float)(scale * term_of(options, logits[row + (size_t)k], k,
                                            holds(&target[i], &next, k))
                                        .slope);
        }
    }
}

static const OpType sigmoid_loss_type = {
    .name = "sigmoid_loss", .keeps = KEEPS_IN0, .forward = forward, .backward = backward};

Tensor *nn_sigmoid_loss(Graph *graph, const char *name, Tensor *logits, SigmoidLoss options)
{
    return graph_op(graph, &sigmoid_loss_type, name, logits, NULL, logits->shape, &options,
                    sizeof options)
        ->out;
}
