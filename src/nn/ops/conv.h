/*
 * What the convolution ops share: geometry, and the ways in which a convolution is computed. Which of them
 * it is depends on the shapes alone, never on a measurement, since their bits differ.
 */
#pragma once

#include "nn/run.h"

#include <string.h>

/* Geometry of a convolution on x (N,H,W,C); reports an image smaller than the kernel to the graph.
 */
ConvShape conv_shape(Graph *graph, const char *name, const Tensor *x, int kernel, int stride,
                     int padding);

/* Groups of channels that see only each other. Small groups are computed several at a time, as one
 * dense product whose weights between groups are zero: a chunk. */
typedef struct ConvGroups {
    int groups;
    int chunks;  /* 1 if the convolution is dense */
    int in, out; /* channels of a chunk */
} ConvGroups;
ConvGroups conv_groups(int in_channels, int out_channels, int groups);

typedef struct ConvMethod ConvMethod;

typedef struct Convolution {
    ConvShape shape;
    ConvGroups groups;
    int out_channels;
    int images;               /* of a lane */
    bool has_backward;        /* false: the graph is for evaluation only */
    bool wants_dx;            /* somebody before it learns */
    const ConvMethod *method; /* set by conv_choose */
    int tile;                 /* outputs of a side of Winograd's tile; 0: none suits */
} Convolution;

/* Output pixels [begin, end), counted over the images of the lane. */
typedef void ConvRowsFn(const Op *op, const Run *run, size_t begin, size_t end);

/* One convolution of a lane under way. */
typedef struct ConvCall {
    const Op *op;
    const Run *run;
    const Convolution *conv;
    const float *weight;   /* (out_channels,K,K,C/groups) */
    const float *prepared; /* by the method's `prepare` */
    float *scratch;        /* (the method's `scratch`) */
    /* Called for all rows piece by piece, in order: in forward when a piece has got its values and is still in the
     * cache, in backward before its gradient is read for the first time. NULL: nobody. */
    ConvRowsFn *rows;
} ConvCall;

struct ConvMethod {
    const char *name;
    /* Floats of the form in which the lanes read the weights, and making it; NULL: the weights themselves. */
    size_t (*prepared)(const Convolution *conv);
    void (*prepare)(const Convolution *conv, const float *weight, float *prepared);
    size_t (*scratch)(const Convolution *conv); /* floats; NULL: none */
    /* out (N,H',W',out_channels) */
    void (*forward)(const ConvCall *call, float *out, const float *x);
    /* Overwrites dweight; dx is NULL, overwritten, or, with `adds`, added to. */
    void (*backward)(const ConvCall *call, float *dx, bool adds, float *dweight, const float *dout,
                     const float *x);
};

extern const ConvMethod conv_pointwise; /* 1x1: one matrix product */
extern const ConvMethod conv_patches;   /* im2col, groups too */
extern const ConvMethod
    conv_indirect; /* dense, whatever kernel and stride; needs our products (gemm.h) */
extern const ConvMethod conv_winograd; /* 3x3, stride 1 or 2 */

/* Sets method and tile. */
void conv_choose(Convolution *conv, ConvChoice choice);

/* The method's, with nothing where it has none. */
size_t conv_prepared(const Convolution *conv);
void conv_prepare(const Convolution *conv, const float *weight, float *prepared);
size_t conv_scratch(const Convolution *conv);

/* --- for methods --- */
static inline size_t conv_in_floats(const ConvShape *shape) /* of an image */
{
    return (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
}

static inline size_t conv_out_pixels(const ConvShape *shape) /* of an image */
{
    return (size_t)shape->out_height * (size_t)shape->out_width;
}

static inline void conv_rows_done(const ConvCall *call, size_t begin, size_t end)
{
    if (call->rows) call->rows(call->op, call->run, begin, end);
    run_poll(call->run);
}

/* The whole lane at once, still in pieces. */
static inline void conv_rows_all(const ConvCall *call)
{
    enum { PIECE_FLOATS = 128 * 1024 };
    size_t all = (size_t)call->run->images * conv_out_pixels(&call->conv->shape);
    size_t piece = PIECE_FLOATS / (size_t)call->conv->out_channels + 1;
    for (size_t begin = 0; begin < all; begin += piece)
        conv_rows_done(call, begin, begin + piece < all ? begin + piece : all);
}

static inline void conv_clear_dx(const ConvCall *call, float *dx, bool adds)
{
    size_t floats = (size_t)call->run->images * conv_in_floats(&call->conv->shape);
    if (dx && !adds) memset(dx, 0, sizeof(float) * floats);
}
