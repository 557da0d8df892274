/*
 * MobileNet V1 (Howard et al. 2017): a stem and thirteen pairs of a depthwise and a pointwise
 * convolution. Names, padding and epsilon as in Keras, so that its weights fit.
 */
#include "models/trunk.h"
#include "nn/ops.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

static const char *const kinds[] = {"mobilenet_v1", NULL};

enum { PAIRS = 13 };
static const int channels[PAIRS] = {64,  128, 128, 256, 256,  512, 512,
                                    512, 512, 512, 512, 1024, 1024};
static const int strides[PAIRS] = {1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1};

typedef struct MobilenetOptions {
    double width;
    int activation;
} MobilenetOptions;

static const char *const activations[] = {"relu6", "silu", NULL};
static const Activation activation_of[] = {ACTIVATION_RELU6, ACTIVATION_SILU};

#define AT(member) offsetof(MobilenetOptions, member)
static const Option options[] = {
    {.key = "width",
     .type = OPTION_FLOAT,
     .offset = AT(width),
     .fallback = "1",
     .low = 0.05,
     .high = 8,
     .help = "multiplies the channels"},
    {.key = "activation",
     .type = OPTION_CHOICE,
     .offset = AT(activation),
     .fallback = "relu6",
     .choices = activations,
     .help = "behind each norm"},
    {.key = NULL},
};
#undef AT

/* One layer; `groups` is 1 or, depthwise, the number of channels. */
static Tensor *layer(Graph *graph, const char *name, Tensor *x, int out_channels, int kernel,
                     int stride, int groups, Activation activation)
{
    char norm[32];
    snprintf(norm, sizeof norm, "%s_bn", name);
    double fan_in = (double)kernel * kernel * x->shape.dim[3] / groups;
    return nn_conv_norm(graph, name, x, NULL,
                        (ConvNorm){.out_channels = out_channels,
                                   .kernel = kernel,
                                   .stride = stride,
                                   .same = true,
                                   .groups = groups,
                                   .activation = activation,
                                   .epsilon = 1e-3F,
                                   .gain = 1,
                                   .norm_name = norm,
                                   .init = {INIT_NORMAL, sqrt(2 / fan_in)}});
}

static Tensor *build(Graph *graph, int kind, const void *values, Tensor *images)
{
    (void)kind;
    const MobilenetOptions *given = values;
    Activation activation = activation_of[given->activation];
    int stage = 1;
    graph_stage(graph, stage);
    Tensor *x = layer(graph, "conv1", images, (int)(32 * given->width), 3, 2, 1, activation);
    for (int p = 0; p < PAIRS; p++) {
        char name[32];
        if (strides[p] > 1) graph_stage(graph, ++stage);
        graph_layer(graph);
        int C = x->shape.dim[3];
        snprintf(name, sizeof name, "conv_dw_%d", p + 1);
        x = layer(graph, name, x, C, 3, strides[p], C, activation);
        snprintf(name, sizeof name, "conv_pw_%d", p + 1);
        x = layer(graph, name, x, (int)(channels[p] * given->width), 1, 1, 1, activation);
    }
    graph_layer(graph);
    return nn_mean_pool(graph, "pool", x);
}

const TrunkType trunk_mobilenet = {
    .name = "mobilenet",
    .kinds = kinds,
    .options = options,
    .options_bytes = sizeof(MobilenetOptions),
    .preprocessing = {224, 0.875, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, "bilinear"},
    .build = build};
