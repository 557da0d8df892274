/*
 * ConvNeXt (Liu et al. 2022, "A ConvNet for the 2020s"); atto to nano are timm's sizes. A
 * patchifying stem, four stages of blocks with a 2x2 downsampling between them, mean pooling and a
 * last norm. V2 (Woo et al. 2023) has global response normalisation in the MLP and no layer scale.
 */
#include "models/trunk.h"
#include "nn/ops.h"

#include <stddef.h>

enum { STAGES = 4 };

typedef struct ConvNeXtSize {
    int depth[STAGES], dim[STAGES];
} ConvNeXtSize;

static const char *const kinds[] = {
    "convnext_atto",   "convnext_femto",   "convnext_pico",    "convnext_nano",
    "convnext_tiny",   "convnext_small",   "convnext_base",    "convnext_large",
    "convnextv2_atto", "convnextv2_femto", "convnextv2_pico",  "convnextv2_nano",
    "convnextv2_tiny", "convnextv2_base",  "convnextv2_large", NULL};
enum { FIRST_V2 = 8 };

static const ConvNeXtSize sizes[] = {
    {{2, 2, 6, 2}, {40, 80, 160, 320}},     {{2, 2, 6, 2}, {48, 96, 192, 384}},
    {{2, 2, 6, 2}, {64, 128, 256, 512}},    {{2, 2, 8, 2}, {80, 160, 320, 640}},
    {{3, 3, 9, 3}, {96, 192, 384, 768}},    {{3, 3, 27, 3}, {96, 192, 384, 768}},
    {{3, 3, 27, 3}, {128, 256, 512, 1024}}, {{3, 3, 27, 3}, {192, 384, 768, 1536}},
    {{2, 2, 6, 2}, {40, 80, 160, 320}},     {{2, 2, 6, 2}, {48, 96, 192, 384}},
    {{2, 2, 6, 2}, {64, 128, 256, 512}},    {{2, 2, 8, 2}, {80, 160, 320, 640}},
    {{3, 3, 9, 3}, {96, 192, 384, 768}},    {{3, 3, 27, 3}, {128, 256, 512, 1024}},
    {{3, 3, 27, 3}, {192, 384, 768, 1536}},
};
_Static_assert(sizeof kinds / sizeof *kinds == sizeof sizes / sizeof *sizes + 1, "one row each");

typedef struct ConvNeXtOptions {
    int patch;
    double drop_path;
    double layer_scale;
    OptionInts depths, dims;
} ConvNeXtOptions;

#define AT(member) offsetof(ConvNeXtOptions, member)
static const Option options[] = {
    {.key = "patch",
     .type = OPTION_INT,
     .offset = AT(patch),
     .fallback = "4",
     .low = 1,
     .high = 16,
     .help = "side and stride of the stem's patches, pixels; 2 or 1 for small images"},
    {.key = "drop_path",
     .type = OPTION_FLOAT,
     .offset = AT(drop_path),
     .fallback = "0",
     .low = 0,
     .high = 0.95,
     .help = "stochastic depth: probability of the last block, rising linearly from 0"},
    {.key = "layer_scale",
     .type = OPTION_FLOAT,
     .offset = AT(layer_scale),
     .fallback = "1e-6",
     .low = 0,
     .high = 10,
     .help = "initial factor of each block's branch; 0: none; V2 has none"},
    {.key = "depths",
     .type = OPTION_INTS,
     .offset = AT(depths),
     .fallback = "[]",
     .low = 1,
     .high = 256,
     .help = "blocks of the four stages; empty: those of the kind"},
    {.key = "dims",
     .type = OPTION_INTS,
     .offset = AT(dims),
     .fallback = "[]",
     .low = 1,
     .high = 8192,
     .help = "channels of the four stages; empty: those of the kind"},
    {.key = NULL},
};
#undef AT

static const float EPSILON = 1e-6F;
static const Init INIT = {INIT_TRUNC_NORMAL, 0.02};

/* Takes the kind's depths or dims over where the configuration gives its own. */
static void override(Graph *graph, const char *key, const OptionInts *given, int stage[STAGES])
{
    if (given->count == 0) return;
    if (given->count != STAGES) {
        error_set(&graph->err, ERROR_USAGE, "trunk.%s: must have %d entries, one per stage, not %d",
                  key, STAGES, given->count);
        return;
    }
    for (int s = 0; s < STAGES; s++) stage[s] = given->value[s];
}

static Tensor *block(Graph *graph, Tensor *x, int dim, double drop_path, double layer_scale)
{
    Tensor *xhat =
        nn_depthwise_norm(graph, x, (DepthwiseNorm){.kernel = 7, .epsilon = EPSILON, .init = INIT});
    return nn_mlp(graph, xhat, x,
                  (Mlp){.hidden = 4 * dim,
                        .layer_scale = (float)layer_scale,
                        .drop_path = (float)drop_path,
                        .init = INIT});
}

static Tensor *block_v2(Graph *graph, Tensor *x, int dim, double drop_path)
{
    Tensor *y =
        nn_depthwise_norm(graph, x, (DepthwiseNorm){.kernel = 7, .epsilon = EPSILON, .init = INIT});
    y = nn_affine(graph, "norm", y);
    y = nn_linear(graph, "mlp.fc1", y, (Linear){.out = 4 * dim, .gelu = true, .init = INIT});
    y = nn_grn(graph, "mlp.grn", y);
    return nn_linear_residual(graph, "mlp.fc2", y, x,
                              (Linear){.out = dim, .drop_path = (float)drop_path, .init = INIT});
}

static Tensor *downsample(Graph *graph, Tensor *x, int dim)
{
    graph_push_scope(graph, "downsample");
    x = nn_layernorm(graph, "norm", x, EPSILON);
    x = nn_conv(graph, "conv", x,
                (Conv){.out_channels = dim, .kernel = 2, .stride = 2, .init = INIT});
    graph_pop_scope(graph);
    return x;
}

static Tensor *stem(Graph *graph, Tensor *images, int dim, int patch)
{
    graph_push_scope(graph, "stem");
    Tensor *x =
        nn_conv(graph, "conv", images,
                (Conv){.out_channels = dim, .kernel = patch, .stride = patch, .init = INIT});
    x = nn_layernorm(graph, "norm", x, EPSILON);
    graph_pop_scope(graph);
    return x;
}

static Tensor *build(Graph *graph, int kind, const void *values, Tensor *images)
{
    const ConvNeXtOptions *given = values;
    ConvNeXtSize size = sizes[kind];
    override(graph, "depths", &given->depths, size.depth);
    override(graph, "dims", &given->dims, size.dim);
    int blocks = 0, done = 0;
    for (int s = 0; s < STAGES; s++) blocks += size.depth[s];

    graph_stage(graph, 1);
    Tensor *x = stem(graph, images, size.dim[0], given->patch);
    for (int s = 0; s < STAGES; s++) {
        graph_stage(graph, 1 + s);
        graph_push_scope(graph, "stages.%d", s);
        for (int b = 0; b < size.depth[s]; b++, done++) {
            graph_layer(graph); /* timm has the downsampling in the layer of the block behind it */
            if (s > 0 && b == 0) x = downsample(graph, x, size.dim[s]);
            graph_push_scope(graph, "blocks.%d", b);
            double drop_path = blocks > 1 ? given->drop_path * done / (blocks - 1) : 0;
            x = kind >= FIRST_V2 ? block_v2(graph, x, size.dim[s], drop_path)
                                 : block(graph, x, size.dim[s], drop_path, given->layer_scale);
            graph_pop_scope(graph);
        }
        graph_pop_scope(graph);
    }
    graph_layer(graph);
    return nn_layernorm(graph, "norm", nn_mean_pool(graph, "pool", x), EPSILON);
}

const TrunkType trunk_convnext = {
    .name = "convnext",
    .kinds = kinds,
    .options = options,
    .options_bytes = sizeof(ConvNeXtOptions),
    .preprocessing = {224, 0.875, IMAGENET_MEAN, IMAGENET_DEVIATION, "bicubic"},
    .build = build};
