/* What the convolution ops share: geometry, and the product with the patch matrix tile by tile. */
#pragma once

#include "nn/run.h"

/* Geometry of a convolution on x (N,H,W,C); reports an image smaller than the kernel to the graph.
 */
ConvShape conv_shape(Graph *graph, const char *name, const Tensor *x, int kernel, int stride,
                     int padding);

/* Floats of scratch that the two calls below need for a lane of `images`. */
size_t conv_scratch(const ConvShape *shape, int images);

/* out (N,H',W',out_channels) = patches(x) weight^T over the run's images; weight
 * (out_channels,K*K*C). */
void conv_forward(const Run *run, float *out, const float *x, const float *weight,
                  const ConvShape *shape, int out_channels, float *scratch);

/* dweight = dout^T patches(x); adds to dx unless it is NULL. */
void conv_backward(const Run *run, float *dx, float *dweight, const float *dout, const float *x,
                   const float *weight, const ConvShape *shape, int out_channels, float *scratch);
