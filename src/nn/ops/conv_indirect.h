/* What the files of indirect convolution share; the idea stands in conv_indirect.c. */
#pragma once

#include "conv.h"

/* Pixels of a block: a multiple of the rows of conv_block. Floats of the panels that a block passes over at
 * a time: half a first-level cache. */
enum { INDIRECT_BLOCK = 240, INDIRECT_SLICE_FLOATS = 8 * 1024, INDIRECT_FEW_CHANNELS = 16 };

/* --- segments --- */

/* Whether images are padded in a copy, and rows of the kernel are the segments. */
static inline bool indirect_joins_taps(const Convolution *conv)
{
    return conv->shape.channels < INDIRECT_FEW_CHANNELS && !conv->wants_dx;
}

static inline int indirect_taps(const Convolution *conv)
{
    return conv->shape.kernel * conv->shape.kernel;
}

static inline int indirect_segments(const Convolution *conv)
{
    return indirect_joins_taps(conv) ? conv->shape.kernel : indirect_taps(conv);
}

static inline int indirect_segment_floats(const Convolution *conv)
{
    return indirect_joins_taps(conv) ? conv->shape.kernel * conv->shape.channels
                                     : conv->shape.channels;
}

static inline int indirect_window_floats(const Convolution *conv)
{
    return indirect_taps(conv) * conv->shape.channels;
}

/* --- scratch --- */

typedef struct IndirectScratch {
    const float **window; /* (INDIRECT_BLOCK * taps) */
    const float **pixel;  /* (INDIRECT_BLOCK) */
    const float **panels; /* (taps): of each segment */
    const float **panel;  /* (taps): those of a slice */
    float *zeros, *image, *dweight;
    float *left, *right; /* of the weights' gradient */
    float *gathered;     /* of the input's */
} IndirectScratch;

size_t indirect_scratch(const Convolution *conv);
IndirectScratch indirect_scratch_of(const ConvCall *call);
/* Floats between the rows of `left`. */
size_t indirect_left_step(const Convolution *conv);

/* --- blocks, and where windows lie --- */

/* Pixels [begin, end) of all images of the lane. */
typedef struct Block {
    size_t begin, end;
} Block;

/* What windows are read from: the lane's images, or a padded one. */
typedef struct Source {
    const float *x;
    int height, width, padding;
} Source;

static inline bool indirect_next_block(Block *block, size_t end)
{
    block->begin = block->end;
    if (block->begin >= end) return false;
    block->end = block->begin + INDIRECT_BLOCK < end ? block->begin + INDIRECT_BLOCK : end;
    return true;
}

/* The next pixel of an image of `width` pixels a row. */
typedef struct Cursor {
    size_t image;
    int y, x;
} Cursor;

Cursor cursor_at(size_t pixel, int height, int width);
void cursor_advance(Cursor *cursor, int height, int width);

/* Where the pointers of pixel i of a block begin, and, in *step, how far apart its segments are: conv_block reads
 * groups of `rows` pixels; for others all are one group. */
size_t indirect_place(size_t i, size_t count, size_t rows, size_t segments, size_t *step);
/* Pointers to every segment of the windows of a block of output pixels, into s->window. */
void indirect_find_windows(const Convolution *conv, const Source *source, const IndirectScratch *s,
                           Block block, size_t rows);

/* --- rounds: all images at once, or one that is padded first --- */

int indirect_rounds(const ConvCall *call);
size_t indirect_round_pixels(const ConvCall *call);
Source indirect_source(const ConvCall *call, const IndirectScratch *s, const float *x, int round);

/* --- products --- */

/* c (pixels,columns) = [c +] windows * s->panels, k floats a segment. */
void indirect_multiply(const ConvCall *call, float *c, const IndirectScratch *s, size_t pixels,
                       int segments, int k, int columns, bool adds);

/* Panels of tap 0 for the gradient of the input, and floats between taps. */
const float *indirect_backward_panels(const ConvCall *call, size_t *step);
/* dx = [dx +] the gradient of the input. */
void indirect_input_gradient(const ConvCall *call, float *dx, bool adds, const float *dout,
                             const IndirectScratch *s);
