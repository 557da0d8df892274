/*
 * The CIFAR ResNets of He et al. 2016, section 4.2: a 3x3 stem, three stages of n basic blocks with
 * 16, 32 and 64 channels, parameter-free shortcuts (option A), mean pooling; 6n + 2 layers. `width`
 * scales all channels.
 */
#include "models/trunk.h"
#include "nn/ops.h"
#include "resnet_parts.h"

#include <stddef.h>

static const char *const kinds[] = {"resnet20",  "resnet32", "resnet44", "resnet56",
                                    "resnet110", "resnet8",  "resnet14", NULL};
static const int blocks_per_stage[] = {3, 5, 7, 9, 18, 1, 2};

typedef struct CifarOptions {
    int width;
    int activation;
    double drop_path;
} CifarOptions;

#define AT(member) offsetof(CifarOptions, member)
static const Option options[] = {
    {.key = "width",
     .type = OPTION_INT,
     .offset = AT(width),
     .fallback = "16",
     .low = 1,
     .high = 1024,
     .help = "channels of the first stage; the others follow"},
    RESNET_ACTIVATION(AT(activation)),
    RESNET_DROP_PATH(AT(drop_path)),
    {.key = NULL},
};
#undef AT

/* Kaiming's normal initialisation over the fan-in. */
static ConvNorm conv3x3(int in_channels, int out_channels, int stride, Activation activation,
                        const char *norm_name)
{
    ConvNorm conv = resnet_convolution(out_channels, 3, stride, norm_name, 9.0 * in_channels);
    conv.activation = activation;
    return conv;
}

static Tensor *basic_block(Graph *graph, Tensor *x, int channels, int stride, Activation activation,
                           double drop_path)
{
    int in_channels = x->shape.dim[3];
    Tensor *shortcut = x;
    if (stride != 1 || in_channels != channels)
        shortcut = nn_pad_shortcut(graph, "shortcut", x, (PadShortcut){stride, channels});
    Tensor *y = nn_conv_norm(graph, "conv1", x, NULL,
                             conv3x3(in_channels, channels, stride, activation, "bn1"));
    ConvNorm last = conv3x3(channels, channels, 1, activation, "bn2");
    last.gain = 0; /* a block starts as its shortcut */
    last.drop_path = (float)drop_path;
    return nn_conv_norm(graph, "conv2", y, shortcut, last);
}

static Tensor *build(Graph *graph, int kind, const void *values, Tensor *images)
{
    const CifarOptions *given = values;
    Activation activation = resnet_activation_of[given->activation];
    graph_stage(graph, 1);
    Tensor *x =
        nn_conv_norm(graph, "conv1", images, NULL, conv3x3(3, given->width, 1, activation, "bn1"));
    for (int s = 0; s < 3; s++) {
        graph_stage(graph, 1 + s);
        graph_push_scope(graph, "layer%d", s + 1);
        for (int b = 0; b < blocks_per_stage[kind]; b++) {
            int done = s * blocks_per_stage[kind] + b, last = 3 * blocks_per_stage[kind] - 1;
            graph_layer(graph);
            graph_push_scope(graph, "%d", b);
            x = basic_block(graph, x, given->width << s, s > 0 && b == 0 ? 2 : 1, activation,
                            given->drop_path * done / last);
            graph_pop_scope(graph);
        }
        graph_pop_scope(graph);
    }
    graph_layer(graph);
    return nn_mean_pool(graph, "pool", x);
}

const TrunkType trunk_resnet_cifar = {
    .name = "resnet_cifar",
    .kinds = kinds,
    .options = options,
    .options_bytes = sizeof(CifarOptions),
    .preprocessing = {32, 1, IMAGENET_MEAN, IMAGENET_DEVIATION, "bilinear"},
    .build = build};
