/* What the convolution ops share: geometry, and the product with the patch matrix tile by tile. */
#pragma once

#include "nn/run.h"

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

/* Floats of scratch that the two calls below need for a lane of `images`. */
size_t conv_scratch(const ConvShape *shape, ConvGroups groups, int images);

/* out (N,H',W',out_channels) = patches(x) weight^T over the run's images; weight: for each chunk
 * (out,K*K*in), so (out_channels,K*K*C) if it is dense. */
void conv_forward(const Run *run, float *out, const float *x, const float *weight,
                  const ConvShape *shape, ConvGroups groups, float *scratch);

/* dweight = dout^T patches(x); adds to dx unless it is NULL. */
void conv_backward(const Run *run, float *dx, float *dweight, const float *dout, const float *x,
                   const float *weight, const ConvShape *shape, ConvGroups groups, float *scratch);

/* Between the weights as they are kept, (out_channels,K*K,C/groups), and as chunks. */
size_t conv_chunk_floats(const ConvShape *shape, ConvGroups groups);
void conv_expand(float *chunks, const float *weight, const ConvShape *shape, ConvGroups groups);
void conv_compress(float *weight, const float *chunks, const ConvShape *shape, ConvGroups groups);
