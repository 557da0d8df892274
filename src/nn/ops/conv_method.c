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

static bool suits_winograd(const Convolution *conv)
{
    const ConvShape *shape = &conv->shape;
    return shape->kernel == 3 && shape->stride == 1 && conv->groups.groups == 1 &&
           shape->channels >= 16 && conv->out_channels >= 16;
}

/* Products of a tile's channels: F(4x4) makes 36 for 16 pixels, F(2x2) 16 for 4. Where many of the larger tiles hang
 * over the edge, the smaller ones are as fast, err less and need half the memory. */
static int winograd_tile(const ConvShape *shape)
{
    int down4 = (shape->out_height + 3) / 4, across4 = (shape->out_width + 3) / 4;
    int down2 = (shape->out_height + 1) / 2, across2 = (shape->out_width + 1) / 2;
    return 5 * 36 * down4 * across4 <= 4 * 16 * down2 * across2 ? 4 : 2;
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
    conv->tile = winograd_tile(&conv->shape);
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
