/*
 * Vision transformers (Dosovitskiy et al. 2021): patches as tokens, blocks of attention and MLP behind
 * their norms, features from the class token or from the mean of the patches. Names are timm's.
 */
#include "models/trunk.h"
#include "nn/ops.h"

#include <math.h>
#include <stddef.h>

static const char *const kinds[] = {"vit_tiny_patch16",  "vit_small_patch16", "vit_base_patch16",
                                    "vit_large_patch16", "vit_tiny_patch32",  "vit_small_patch32",
                                    "vit_base_patch32",  "vit_large_patch32", NULL};

typedef struct VitSize {
    int dim, depth, heads, patch;
} VitSize;

static const VitSize sizes[] = {{192, 12, 3, 16},   {384, 12, 6, 16},  {768, 12, 12, 16},
                                {1024, 24, 16, 16}, {192, 12, 3, 32},  {384, 12, 6, 32},
                                {768, 12, 12, 32},  {1024, 24, 16, 32}};
_Static_assert(sizeof kinds / sizeof *kinds == sizeof sizes / sizeof *sizes + 1, "one row each");

typedef struct VitOptions {
    int dim, depth, heads, patch;
    int pool;
    double drop_path;
} VitOptions;

enum { POOL_TOKEN, POOL_MEAN };
static const char *const pools[] = {"token", "mean", NULL};

#define AT(member) offsetof(VitOptions, member)
static const Option options[] = {
    {.key = "dim",
     .type = OPTION_INT,
     .offset = AT(dim),
     .fallback = "0",
     .low = 0,
     .high = 8192,
     .help = "channels; 0: those of the kind"},
    {.key = "depth",
     .type = OPTION_INT,
     .offset = AT(depth),
     .fallback = "0",
     .low = 0,
     .high = 256,
     .help = "blocks; 0: those of the kind"},
    {.key = "heads",
     .type = OPTION_INT,
     .offset = AT(heads),
     .fallback = "0",
     .low = 0,
     .high = 256,
     .help = "heads of attention; 0: those of the kind"},
    {.key = "patch",
     .type = OPTION_INT,
     .offset = AT(patch),
     .fallback = "0",
     .low = 0,
     .high = 128,
     .help = "side of a patch, pixels; 0: that of the kind"},
    {.key = "pool",
     .type = OPTION_CHOICE,
     .offset = AT(pool),
     .fallback = "token",
     .choices = pools,
     .help = "features: of the class token, or the mean of the patches"},
    {.key = "drop_path",
     .type = OPTION_FLOAT,
     .offset = AT(drop_path),
     .fallback = "0",
     .low = 0,
     .high = 0.95,
     .help = "stochastic depth: probability of the last block, rising linearly from 0"},
    {.key = NULL},
};
#undef AT

static const float EPSILON = 1e-6F;
static const Init INIT = {INIT_TRUNC_NORMAL, 0.02};

static VitSize size_of(int kind, const VitOptions *given)
{
    VitSize size = sizes[kind];
    if (given->dim) size.dim = given->dim;
    if (given->depth) size.depth = given->depth;
    if (given->heads) size.heads = given->heads;
    if (given->patch) size.patch = given->patch;
    return size;
}

static Tensor *embed(Graph *graph, Tensor *images, const VitSize *size)
{
    double fan_in = 3.0 * size->patch * size->patch;
    graph_push_scope(graph, "patch_embed");
    Tensor *x = nn_conv(graph, "proj", images,
                        (Conv){.out_channels = size->dim,
                               .kernel = size->patch,
                               .stride = size->patch,
                               .init = {INIT_UNIFORM, 1 / sqrt(fan_in)}});
    graph_pop_scope(graph);
    return nn_tokens(graph, "tokens", x, true);
}

static Tensor *block(Graph *graph, Tensor *x, const VitSize *size, float drop_path)
{
    Tensor *y = nn_layernorm(graph, "norm1", x, EPSILON);
    y = nn_linear(graph, "attn.qkv", y, (Linear){.out = 3 * size->dim, .init = INIT});
    y = nn_attention(graph, "attn", y, size->heads);
    x = nn_linear_residual(graph, "attn.proj", y, x,
                           (Linear){.out = size->dim, .drop_path = drop_path, .init = INIT});
    return nn_mlp(
        graph, nn_normalize(graph, "norm2", x, EPSILON), x,
        (Mlp){.norm_name = "norm2", .hidden = 4 * size->dim, .drop_path = drop_path, .init = INIT});
}

static Tensor *build(Graph *graph, int kind, const void *values, Tensor *images)
{
    const VitOptions *given = values;
    VitSize size = size_of(kind, given);
    graph_stage(graph, 1);
    Tensor *x = embed(graph, images, &size);
    for (int b = 0; b < size.depth; b++) {
        graph_stage(graph, 1 + b);
        graph_layer(graph);
        graph_push_scope(graph, "blocks.%d", b);
        double share = size.depth > 1 ? (double)b / (size.depth - 1) : 0;
        x = block(graph, x, &size, (float)(given->drop_path * share));
        graph_pop_scope(graph);
    }
    if (given->pool == POOL_MEAN) {
        graph_layer(graph);
        return nn_layernorm(graph, "fc_norm", nn_mean_tokens(graph, "pool", x, 1), EPSILON);
    }
    /* The norm works on rows, so that of the others need not be computed. */
    x = nn_layernorm(graph, "norm", nn_first_token(graph, "pool", x), EPSILON);
    graph_layer(
        graph); /* timm has this norm in the layer of the last block, unlike the other one */
    return x;
}

const TrunkType trunk_vit = {
    .name = "vit",
    .kinds = kinds,
    .options = options,
    .options_bytes = sizeof(VitOptions),
    .preprocessing = {224, 0.9, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, "bicubic"},
    .build = build};
