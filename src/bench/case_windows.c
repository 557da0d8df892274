/* Kernels with windows on one image: dim = H, W, C, K, stride, padding. */
#include "bench/kernel_case.h"

static double depthwise_flops(const int *dim)
{
    return 2.0 * dim[0] * dim[1] * dim[2] * dim[3] * dim[3];
}

static double depthwise_backward_flops(const int *dim)
{
    return 2 * depthwise_flops(dim);
}

/* The image, the weights and the scratch, whichever is largest; patches are K*K images. */
static size_t image_floats(const int *dim)
{
    size_t image = (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
    size_t scratch = kernels()->depthwise_scratch(dim[0], dim[1], dim[3]);
    return image > scratch ? image : scratch;
}

static size_t patch_floats(const int *dim)
{
    return image_floats(dim) * (size_t)dim[3] * (size_t)dim[3];
}

static ConvShape shape_of_case(const int *dim)
{
    int K = dim[3], stride = dim[4], padding = dim[5];
    return (ConvShape){.height = dim[0],
                       .width = dim[1],
                       .channels = dim[2],
                       .kernel = K,
                       .stride = stride,
                       .padding = padding,
                       .out_height = (dim[0] + 2 * padding - K) / stride + 1,
                       .out_width = (dim[1] + 2 * padding - K) / stride + 1};
}

static double image_bytes(const int *dim)
{
    ConvShape shape = shape_of_case(dim);
    double in = (double)shape.height * shape.width,
           out = (double)shape.out_height * shape.out_width;
    return sizeof(float) * shape.channels * (in + out);
}

static double patch_bytes(const int *dim)
{
    ConvShape shape = shape_of_case(dim);
    double in = (double)shape.height * shape.width;
    double out = (double)shape.out_height * shape.out_width * shape.kernel * shape.kernel;
    return sizeof(float) * shape.channels * (in + out);
}

static void depthwise(Sample *s)
{
    const int *dim = s->of->dim;
    s->kernel->depthwise_forward(s->x[0], s->x[1], s->x[2], s->x[3], dim[0], dim[1], dim[2], dim[3],
                                 s->x[4]);
}

static void depthwise_backward(Sample *s)
{
    const int *dim = s->of->dim;
    s->kernel->depthwise_backward(s->x[0], s->x[1], s->x[1] + dim[2] * dim[3] * dim[3], s->x[2],
                                  s->x[3], s->x[5], dim[0], dim[1], dim[2], dim[3], s->x[4]);
}

static void im2col(Sample *s)
{
    ConvShape shape = shape_of_case(s->of->dim);
    s->kernel->im2col(s->x[0], s->x[1], &shape, 0, shape.channels, 0,
                      shape.out_height * shape.out_width);
}

static void col2im(Sample *s)
{
    ConvShape shape = shape_of_case(s->of->dim);
    s->kernel->col2im_add(s->x[0], s->x[1], &shape, 0, shape.channels, 0,
                          shape.out_height * shape.out_width);
}

static void max_pool(Sample *s)
{
    ConvShape shape = shape_of_case(s->of->dim);
    s->kernel->max_pool_forward(s->x[0], s->x[1], &shape);
}

/* Of both sides the values and their gradients. */
static double pool_backward_bytes(const int *dim)
{
    return 2 * image_bytes(dim);
}

static void max_pool_backward(Sample *s)
{
    ConvShape shape = shape_of_case(s->of->dim);
    s->kernel->max_pool_backward(s->x[0], s->x[1], s->x[2], s->x[3], &shape, false);
}

#define DEPTHWISE(H, C)                                                                            \
    {.name = "depthwise forward",                                                                  \
     .dim = {H, H, C, 7, 1, 3},                                                                    \
     .size = #H " x " #H " x " #C,                                                                 \
     .amount = depthwise_flops,                                                                    \
     .floats = image_floats,                                                                       \
     .call = depthwise},                                                                           \
    {                                                                                              \
        .name = "depthwise backward", .dim = {H, H, C, 7, 1, 3}, .size = #H " x " #H " x " #C,     \
        .amount = depthwise_backward_flops, .floats = image_floats, .call = depthwise_backward     \
    }

const KernelCase window_cases[] = {DEPTHWISE(56, 96),
                                   DEPTHWISE(28, 192),
                                   DEPTHWISE(14, 384),
                                   DEPTHWISE(7, 768),
                                   {.name = "im2col",
                                    .dim = {56, 56, 64, 3, 1, 1},
                                    .size = "56 x 56 x 64",
                                    .unit = UNIT_BYTES,
                                    .amount = patch_bytes,
                                    .floats = patch_floats,
                                    .call = im2col},
                                   {.name = "col2im",
                                    .dim = {56, 56, 64, 3, 1, 1},
                                    .size = "56 x 56 x 64",
                                    .unit = UNIT_BYTES,
                                    .amount = patch_bytes,
                                    .floats = patch_floats,
                                    .call = col2im},
                                   {.name = "max pool forward",
                                    .dim = {112, 112, 64, 3, 2, 1},
                                    .size = "112 x 112 x 64",
                                    .unit = UNIT_BYTES,
                                    .amount = image_bytes,
                                    .floats = image_floats,
                                    .call = max_pool},
                                   {.name = "max pool backward",
                                    .dim = {112, 112, 64, 3, 2, 1},
                                    .size = "112 x 112 x 64",
                                    .unit = UNIT_BYTES,
                                    .amount = pool_backward_bytes,
                                    .floats = image_floats,
                                    .call = max_pool_backward},
                                   {0}};
