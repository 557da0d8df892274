/*
 * Angles. The outputs (s,c) stand for the angle atan2(s,c), so that 359 and 1 degrees are neighbours; the loss is
 * ((s - sin)^2 + (c - cos)^2) / 2, which has no place without a gradient.
 */
#include "loss.h"
#include "nn/ops.h"

static const double TURN = 6.283185307179586;

typedef struct Point {
    double sine, cosine;
} Point;

static Point point_of(const AngleLoss *options, const Target *target)
{
    double period = options->period, angle = TURN * (fmod(target->value, period) / period);
    return (Point){sin(angle), cos(angle)};
}

double nn_angle_distance(double a, double b, double period)
{
    double way = fmod(fabs(a - b), period);
    return way < period - way ? way : period - way;
}

static float angle_of(const AngleLoss *options, const float *output)
{
    double share = atan2((double)output[0], (double)output[1]) / TURN;
    float angle = (float)((share < 0 ? share + 1 : share) * options->period);
    return (double)angle < options->period ? angle : 0;
}

static void forward(const Op *op, Run *run)
{
    const AngleLoss *options = op->options;
    HeadRun *head = &run->head[options->head];
    float *angle = run_value(run, op->out);
    loss_begin(head);
    for (int n = 0; n < run->images; n++) {
        const float *output = run_value(run, op->in[0]) + 2 * (size_t)n;
        const Target *target = loss_targets(head, n);
        angle[n] = angle_of(options, output);
        for (int i = 0; i < head->parts; i++) {
            if (target[i].weight == 0) continue;
            Point point = point_of(options, &target[i]);
            double s = (double)output[0] - point.sine, c = (double)output[1] - point.cosine;
            head->loss += (double)target[i].weight * (s * s + c * c) / 2;
        }
        if (target->weight != 0)
            head->error += nn_angle_distance((double)angle[n], target->value, options->period);
    }
}

static void backward(const Op *op, Run *run)
{
    const AngleLoss *options = op->options;
    const HeadRun *head = &run->head[options->head];
    float *doutput = run_grad(run, op, 0);
    if (!doutput) return;
    for (int n = 0; n < run->images; n++) {
        const float *output = run_value(run, op->in[0]) + 2 * (size_t)n;
        const Target *target = loss_targets(head, n);
        for (int i = 0; i < head->parts; i++) {
            if (target[i].weight == 0) continue;
            Point point = point_of(options, &target[i]);
            double scale = (double)target[i].weight * (double)head->scale;
            doutput[2 * n] += (float)(scale * ((double)output[0] - point.sine));
            doutput[2 * n + 1] += (float)(scale * ((double)output[1] - point.cosine));
        }
    }
}

static const OpType angle_loss_type = {
    .name = "angle_loss", .keeps = KEEPS_IN0, .forward = forward, .backward = backward};

Tensor *nn_angle_loss(Graph *graph, const char *name, Tensor *outputs, AngleLoss options)
{
    return graph_op(graph, &angle_loss_type, name, outputs, NULL,
                    shape_of(2, outputs->shape.dim[0], 1), &options, sizeof options)
        ->out;
}
