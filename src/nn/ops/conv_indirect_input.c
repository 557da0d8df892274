/*
 * Indirect convolution: the gradient of the input takes each pixel's windows the other way round. With a stride, pixels
 * of different remainders have different taps, so each class of them is a convolution of its own.
 */
#include "conv_indirect.h"

/* Along one side: input places first, first + stride, …; the taps tap, tap + stride, … reach them, from the output
 * out of the first place, out - 1, …. */
typedef struct SideClass {
    int first, places, tap, taps, out;
} SideClass;

static SideClass side_class(const ConvShape *shape, int side, int first)
{
    int stride = shape->stride, tap = (first + shape->padding) % stride;
    return (SideClass){.first = first,
                       .places = (side - first + stride - 1) / stride,
                       .tap = tap,
                       .taps =
                           tap < shape->kernel ? (shape->kernel - tap + stride - 1) / stride : 0,
                       .out = (first + shape->padding - tap) / stride};
}

typedef struct PixelClass {
    SideClass y, x;
} PixelClass;

static int class_taps(const PixelClass *class)
{
    return class->y.taps * class->x.taps;
}

static void find_panels(const ConvCall *call, const IndirectScratch *s, const PixelClass *class)
{
    const Convolution *conv = call->conv;
    size_t step;
    const float *panels = indirect_backward_panels(call, &step);
    for (int t = 0; t < class_taps(class); t++) {
        int ky = class->y.tap + t / class->x.taps * conv->shape.stride;
        int kx = class->x.tap + t % class->x.taps * conv->shape.stride;
        s->panels[t] = panels + (size_t)(ky * conv->shape.kernel + kx) * step;
    }
}

/* Pointers to the gradients of the outputs that see the block's pixels, tap by tap. */
static void find_gradients(const ConvCall *call, const float *dout, const IndirectScratch *s,
                           const PixelClass *class, Block block)
{
    const ConvShape *shape = &call->conv->shape;
    size_t taps = (size_t)class_taps(class), count = block.end - block.begin;
    size_t rows = (size_t)call->run->kernel->conv_rows();
    Cursor at = cursor_at(block.begin, class->y.places, class->x.places);
    for (size_t i = 0; i < count; i++) {
        size_t step, place = indirect_place(i, count, rows, taps, &step);
        for (int t = 0; t < (int)taps; t++) {
            int y = class->y.out + at.y - t / class->x.taps;
            int x = class->x.out + at.x - t % class->x.taps;
            bool inside = y >= 0 && y < shape->out_height && x >= 0 && x < shape->out_width;
            size_t pixel = at.image * conv_out_pixels(shape) +
                           (size_t)y * (size_t)shape->out_width + (size_t)x;
            s->window[place + (size_t)t * step] =
                inside ? dout + pixel * (size_t)call->conv->out_channels : s->zeros;
        }
        cursor_advance(&at, class->y.places, class->x.places);
    }
}

/* The gradient of a block of pixels that are no neighbours, to where they are. */
static void scatter(const ConvCall *call, float *dx, bool adds, const IndirectScratch *s,
                    const PixelClass *class, Block block)
{
    const ConvShape *shape = &call->conv->shape;
    size_t C = (size_t)shape->channels;
    Cursor at = cursor_at(block.begin, class->y.places, class->x.places);
    for (size_t i = 0; i < block.end - block.begin; i++) {
        int y = class->y.first + at.y * shape->stride;
        int x = class->x.first + at.x * shape->stride;
        float *to = dx + at.image * conv_in_floats(shape) +
                    ((size_t)y * (size_t)shape->width + (size_t)x) * C;
        if (adds)
            call->run->kernel->add(to, to, s->gathered + i * C, C);
        else
            memcpy(to, s->gathered + i * C, sizeof(float) * C);
        cursor_advance(&at, class->y.places, class->x.places);
    }
}

static void class_gradient(const ConvCall *call, float *dx, bool adds, const float *dout,
                           const IndirectScratch *s, const PixelClass *class)
{
    const Convolution *conv = call->conv;
    int C = conv->shape.channels;
    size_t pixels = (size_t)call->run->images * (size_t) class->y.places * (size_t) class->x.places;
    bool neighbours = conv->shape.stride == 1;
    if (class_taps(class) == 0) return;
    for (Block block = {0}; indirect_next_block(&block, pixels);) {
        find_panels(call, s, class);
        find_gradients(call, dout, s, class, block);
        float *to = neighbours ? dx + block.begin * (size_t)C : s->gathered;
        indirect_multiply(call, to, s, block.end - block.begin, class_taps(class),
                          conv->out_channels, C, neighbours && adds);
        if (!neighbours) scatter(call, dx, adds, s, class, block);
    }
}

void indirect_input_gradient(const ConvCall *call, float *dx, bool adds, const float *dout,
                             const IndirectScratch *s)
{
    const ConvShape *shape = &call->conv->shape;
    if (shape->kernel < shape->stride) { /* some pixels have no tap */
        conv_clear_dx(call, dx, adds);
        adds = true;
    }
    for (int y = 0; y < shape->stride; y++)
        for (int x = 0; x < shape->stride; x++) {
            PixelClass class = {side_class(shape, shape->height, y),
                                side_class(shape, shape->width, x)};
            class_gradient(call, dx, adds, dout, s, &class);
        }
}
