/*
 * ResNet (He et al. 2016) with its kin: wide ResNets (Zagoruyko and Komodakis 2016), ResNeXt (Xie et al.
 * 2017), and the deep stem with averaging shortcuts of "bag of tricks" (He et al. 2019), `resnet*d`.
 * Names of parameters are timm's. `width` scales all channels, so that small ones are quick.
 */
#include "models/trunk.h"
#include "nn/ops.h"
#include "resnet_parts.h"

#include <stddef.h>

enum { STAGES = 4 };

static const char *const kinds[] = {"resnet18",         "resnet34",
                                    "resnet50",         "resnet101",
                                    "resnet152",        "wide_resnet50_2",
                                    "wide_resnet101_2", "resnext50_32x4d",
                                    "resnext101_32x8d", "resnet18d",
                                    "resnet34d",        "resnet50d",
                                    "resnet101d",       NULL};

typedef struct ResnetKind {
    int layers[STAGES];
    bool bottleneck, deep; /* three convolutions in a block; three in the stem */
    int groups, base_width;
} ResnetKind;

static const ResnetKind table[] = {
    {{2, 2, 2, 2}, false, false, 1, 64},  {{3, 4, 6, 3}, false, false, 1, 64},
    {{3, 4, 6, 3}, true, false, 1, 64},   {{3, 4, 23, 3}, true, false, 1, 64},
    {{3, 8, 36, 3}, true, false, 1, 64},  {{3, 4, 6, 3}, true, false, 1, 128},
    {{3, 4, 23, 3}, true, false, 1, 128}, {{3, 4, 6, 3}, true, false, 32, 4},
    {{3, 4, 23, 3}, true, false, 32, 8},  {{2, 2, 2, 2}, false, true, 1, 64},
    {{3, 4, 6, 3}, false, true, 1, 64},   {{3, 4, 6, 3}, true, true, 1, 64},
    {{3, 4, 23, 3}, true, true, 1, 64},
};
_Static_assert(sizeof kinds / sizeof *kinds == sizeof table / sizeof *table + 1, "one row each");

typedef struct ResnetOptions {
    int width;
    OptionInts layers;
    int groups, base_width;
    int activation, pool;
    double drop_path;
} ResnetOptions;

enum { POOL_MAX, POOL_AVERAGE, POOL_NONE };
static const char *const pools[] = {"max", "avg", "none", NULL};

#define AT(member) offsetof(ResnetOptions, member)
static const Option options[] = {
    {.key = "width",
     .type = OPTION_INT,
     .offset = AT(width),
     .fallback = "64",
     .low = 4,
     .high = 1024,
     .help = "channels of the first stage; the others follow"},
    {.key = "layers",
     .type = OPTION_INTS,
     .offset = AT(layers),
     .fallback = "[]",
     .low = 1,
     .high = 256,
     .help = "blocks of the four stages; empty: those of the kind"},
    {.key = "groups",
     .type = OPTION_INT,
     .offset = AT(groups),
     .fallback = "0",
     .low = 0,
     .high = 1024,
     .help = "groups of a bottleneck's 3x3 convolution; 0: those of the kind"},
    {.key = "base_width",
     .type = OPTION_INT,
     .offset = AT(base_width),
     .fallback = "0",
     .low = 0,
     .high = 1024,
     .help = "channels of a group where a stage has 64; 0: those of the kind"},
    RESNET_ACTIVATION(AT(activation)),
    {.key = "pool",
     .type = OPTION_CHOICE,
     .offset = AT(pool),
     .fallback = "max",
     .choices = pools,
     .help = "3x3 pooling behind the stem; none keeps the details of small images"},
    RESNET_DROP_PATH(AT(drop_path)),
    {.key = NULL},
};
#undef AT

/* What the blocks of one network share. */
typedef struct Design {
    Graph *graph;
    ResnetKind kind;
    Activation activation;
    float drop_path; /* of the block under construction */
} Design;

/* Kaiming's normal initialisation over the fan-out, as timm does. */
static ConvNorm convolution(int out_channels, int kernel, int stride, int groups, const char *norm)
{
    double fan_out = (double)kernel * kernel * out_channels / groups;
    ConvNorm conv = resnet_convolution(out_channels, kernel, stride, norm, fan_out);
    conv.groups = groups;
    return conv;
}

static Tensor *active(const Design *design, const char *name, Tensor *x, ConvNorm conv)
{
    conv.activation = design->activation;
    return nn_conv_norm(design->graph, name, x, NULL, conv);
}

/* The last of a block: begins with gain 0, so that a block starts as its shortcut. */
static Tensor *closing(const Design *design, const char *name, Tensor *x, Tensor *shortcut,
                       ConvNorm conv)
{
    conv.activation = design->activation;
    conv.gain = 0;
    conv.drop_path = design->drop_path;
    return nn_conv_norm(design->graph, name, x, shortcut, conv);
}

static Tensor *shortcut(const Design *design, Tensor *x, int channels, int stride)
{
    Graph *graph = design->graph;
    if (stride == 1 && x->shape.dim[3] == channels) return x;
    graph_push_scope(graph, "downsample");
    if (!design->kind.deep) {
        x = nn_conv_norm(graph, "0", x, NULL, convolution(channels, 1, stride, 1, "1"));
    } else {
        if (stride > 1) x = nn_average_pool(graph, "0", x, (Pool2d){2, stride, 0, true});
        x = nn_conv_norm(graph, "1", x, NULL, convolution(channels, 1, 1, 1, "2"));
    }
    graph_pop_scope(graph);
    return x;
}

static Tensor *basic_block(const Design *design, Tensor *x, int planes, int stride)
{
    Tensor *aside = shortcut(design, x, planes, stride);
    Tensor *y = active(design, "conv1", x, convolution(planes, 3, stride, 1, "bn1"));
    return closing(design, "conv2", y, aside, convolution(planes, 3, 1, 1, "bn2"));
}

static Tensor *bottleneck(const Design *design, Tensor *x, int planes, int stride)
{
    const ResnetKind *kind = &design->kind;
    int inner = planes * kind->base_width / 64 * kind->groups;
    Tensor *aside = shortcut(design, x, 4 * planes, stride);
    Tensor *y = active(design, "conv1", x, convolution(inner, 1, 1, 1, "bn1"));
    y = active(design, "conv2", y, convolution(inner, 3, stride, kind->groups, "bn2"));
    return closing(design, "conv3", y, aside, convolution(4 * planes, 1, 1, 1, "bn3"));
}

static Tensor *stem(const Design *design, Tensor *x, int width, int pool)
{
    Graph *graph = design->graph;
    if (design->kind.deep) {
        graph_push_scope(graph, "conv1");
        x = active(design, "0", x, convolution(width / 2, 3, 2, 1, "1"));
        x = active(design, "3", x, convolution(width / 2, 3, 1, 1, "4"));
        graph_pop_scope(graph);
        x = active(design, "conv1.6", x, convolution(width, 3, 1, 1, "bn1"));
    } else {
        x = active(design, "conv1", x, convolution(width, 7, 2, 1, "bn1"));
    }
    if (pool == POOL_MAX) return nn_max_pool(graph, "maxpool", x, (Pool2d){3, 2, 1, false});
    if (pool == POOL_AVERAGE) return nn_average_pool(graph, "avgpool", x, (Pool2d){3, 2, 1, false});
    return x;
}

static void override(Design *design, const ResnetOptions *given)
{
    ResnetKind *kind = &design->kind;
    if (given->groups) kind->groups = given->groups;
    if (given->base_width) kind->base_width = given->base_width;
    if (given->layers.count != 0 && given->layers.count != STAGES)
        error_set(&design->graph->err, ERROR_USAGE,
                  "trunk.layers: must have %d entries, one per stage, not %d", STAGES,
                  given->layers.count);
    for (int s = 0; s < STAGES && given->layers.count == STAGES; s++)
        kind->layers[s] = given->layers.value[s];
}

static Tensor *build(Graph *graph, int kind, const void *values, Tensor *images)
{
    const ResnetOptions *given = values;
    Design design = {graph, table[kind], resnet_activation_of[given->activation], 0};
    override(&design, given);
    int blocks = 0, done = 0;
    for (int s = 0; s < STAGES; s++) blocks += design.kind.layers[s];
    graph_stage(graph, 1);
    Tensor *x = stem(&design, images, given->width, given->pool);
    for (int s = 0; s < STAGES; s++) {
        graph_stage(graph, 1 + s);
        graph_push_scope(graph, "layer%d", s + 1);
        for (int b = 0; b < design.kind.layers[s]; b++) {
            int planes = given->width << s, stride = s > 0 && b == 0 ? 2 : 1;
            double share = blocks > 1 ? (double)done++ / (blocks - 1) : 0;
            design.drop_path = (float)(given->drop_path * share);
            graph_layer(graph);
            graph_push_scope(graph, "%d", b);
            x = design.kind.bottleneck ? bottleneck(&design, x, planes, stride)
                                       : basic_block(&design, x, planes, stride);
            graph_pop_scope(graph);
        }
        graph_pop_scope(graph);
    }
    graph_layer(graph);
    return nn_mean_pool(graph, "pool", x);
}

const TrunkType trunk_resnet = {
    .name = "resnet",
    .kinds = kinds,
    .options = options,
    .options_bytes = sizeof(ResnetOptions),
    .preprocessing = {224, 0.875, IMAGENET_MEAN, IMAGENET_DEVIATION, "bilinear"},
    .build = build};
