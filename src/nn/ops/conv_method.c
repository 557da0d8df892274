/* Geometry of convolutions, and the choice of the method by it. */
#include "conv.h"

ConvShape conv_shape(Graph *graph, const char *name, const Tensor *x, int kernel, int stride,
                     int padding)
{
    int height = x->shape.dim[1], width = x->shape.dim[2];
    ConvShape shape = {.height = height,
                       .width = width,
                       .channels = x->shape.dim[3],
                       .kernel = kernel,
                       .stride = stride,
                       .padding = padding,
                       .out_height = (height + 2 * padding - kernel) / stride + 1,
                       .out_width = (width + 2 * padding - kernel) / stride + 1};
    if (height + 2 * padding < kernel || width + 2 * padding < kernel) {
        error_set(
            &graph->err, ERROR_USAGE,
            "%s%s: its input is %d x %d pixels, its kernel %d x %d; use a larger `image` or a "
            "smaller `trunk.patch`",
            graph->scope, name, height, width, kernel, kernel);
        shape.out_height = shape.out_width = 1;
    }
    return shape;
}

/* Chunks of at least 32 channels, as far as groups can be joined evenly. */
ConvGroups conv_groups(int in_channels, int out_channels, int groups)
{
    if (groups <= 1) return (ConvGroups){1, 1, in_channels, out_channels};
    int joined = 1;
    while (joined * in_channels / groups < 32 && groups % (2 * joined) == 0) joined *= 2;
    return (ConvGroups){groups, groups / joined, in_channels / groups * joined,
                        out_channels / groups * joined};
}

static bool is_pointwise(const Convolution *conv)
{
    const ConvShape *shape = &conv->shape;
    return shape->kernel == 1 && shape->stride == 1 && shape->padding == 0 &&
           conv->groups.groups == 1;
}

static int tiles_of(const ConvShape *shape, int tile)
{
    return ((shape->out_height + tile - 1) / tile) * ((shape->out_width + tile - 1) / tile);
}

/* Products of a tile's channels: F(4x4) makes 36 for 16 pixels, F(2x2) 16 for 4. Where many of the larger tiles hang
 * over the edge, the smaller ones are as fast, err less and need half the memory. */
static int winograd_tile(const ConvShape *shape)
{
    return 5 * 36 * tiles_of(shape, 4) <= 4 * 16 * tiles_of(shape, 2) ? 4 : 2;
}

/* With stride 2 they are 81 for 16 pixels and 25 for 4, against 9 of each pixel without tiles. 0: too few are
 * spared to pay for the transforms (7 x 7 pixels), or there are so few tiles that reading the transformed weights
 * takes longer than their products (4 x 4). */
static int strided_tile(const ConvShape *shape)
{
    enum { FEW = 16 };
    int large = tiles_of(shape, 4), small = tiles_of(shape, 2);
    if (small < FEW || 10 * 25 * small > 7 * 9 * shape->out_height * shape->out_width) return 0;
    return large >= FEW && 8 * 81 * large <= 7 * 25 * small ? 4 : 2;
}

static bool suits_winograd(const Convolution *conv)
{
    const ConvShape *shape = &conv->shape;
    return shape->kernel == 3 && shape->stride <= 2 && conv->groups.groups == 1 &&
           shape->channels >= 16 && conv->out_channels >= 16 && conv->tile > 0;
}

/* With many channels a long sum in registers gains more than pieces of all channels that are still in the cache
 * (measured from 512 x 256 on; the bits are the same). */
static bool has_many_channels(const Convolution *conv)
{
    return (size_t)conv->shape.channels * (size_t)conv->out_channels >= 128 * 1024;
}

/* A few channels fill no vector: images are padded in a copy, but where their gradient is wanted, patches are better. */
static bool suits_pointers(const Convolution *conv)
{
    bool is_thin = conv->shape.channels < 16 && conv->wants_dx;
    return conv->groups.groups == 1 && gemm_kind() == GEMM_OURS && !is_thin;
}

void conv_choose(Convolution *conv, ConvChoice choice)
{
    conv->tile = conv->shape.stride == 1 ? winograd_tile(&conv->shape) : strided_tile(&conv->shape);
    if (is_pointwise(conv) && !(suits_pointers(conv) && has_many_channels(conv)))
        conv->method = &conv_pointwise;
    else if (choice == CONV_AUTO && suits_winograd(conv))
        conv->method = &conv_winograd;
    else if (suits_pointers(conv))
        conv->method = &conv_indirect;
    else
        conv->method = &conv_patches;
}

size_t conv_prepared(const Convolution *conv)
{
    return conv->method->prepared ? conv->method->prepared(conv) : 0;
}

void conv_prepare(const Convolution *conv, const float *weight, float *prepared)
{
    if (conv->method->prepare) conv->method->prepare(conv, weight, prepared);
}

size_t conv_scratch(const Convolution *conv)
{
    return conv->method->scratch ? conv->method->scratch(conv) : 0;
}
