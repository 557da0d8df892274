/* 1x1 convolutions of every pixel and few channels: the lane is its own patch matrix, one product in pieces of rows. */
#include "conv.h"

/* Rows between two calls of ConvCall.rows: such that inputs and outputs stay in the second-level cache, and
 * a multiple of the rows that products take at a time (6 or 14). */
static size_t piece_rows(const Convolution *conv)
{
    enum { PIECE_FLOATS = 128 * 1024, UNIT = 84, MOST = 4 };
    size_t units = PIECE_FLOATS / (UNIT * (size_t)(conv->shape.channels + conv->out_channels));
    return UNIT * (units < 1 ? 1 : units > MOST ? MOST : units);
}

/* Weights so large that adding to them for each piece would cost more than reading the lane again. */
static bool are_weights_large(const Convolution *conv)
{
    return (size_t)conv->shape.channels * (size_t)conv->out_channels >= 128 * 1024;
}

static size_t forward_panels(const Convolution *conv)
{
    return gemm_panels_floats(conv->shape.channels, conv->out_channels);
}

static bool has_backward_panels(const Convolution *conv)
{
    return conv->has_backward && conv->wants_dx;
}

static size_t prepared(const Convolution *conv)
{
    size_t backward = gemm_panels_floats(conv->out_channels, conv->shape.channels);
    return forward_panels(conv) + (has_backward_panels(conv) ? backward : 0);
}

static void prepare(const Convolution *conv, const float *weight, float *out)
{
    int C = conv->shape.channels, N = conv->out_channels;
    gemm_pack(out, TRANSPOSE, C, N, weight, C);
    if (has_backward_panels(conv))
        gemm_pack(out + forward_panels(conv), NO_TRANSPOSE, N, C, weight, C);
}

static size_t lane_rows(const ConvCall *call)
{
    return (size_t)call->run->images * conv_out_pixels(&call->conv->shape);
}

static size_t piece_end(const ConvCall *call, size_t begin)
{
    size_t all = lane_rows(call), end = begin + piece_rows(call->conv);
    return end < all ? end : all;
}

static void forward(const ConvCall *call, float *out, const float *x)
{
    int C = call->conv->shape.channels, N = call->conv->out_channels;
    for (size_t begin = 0, end; begin < lane_rows(call); begin = end) {
        end = piece_end(call, begin);
        run_gemm_packed(call->run, NO_TRANSPOSE, (int)(end - begin), N, C, x + begin * (size_t)C, C,
                        call->prepared, 0, out + begin * (size_t)N, N);
        conv_rows_done(call, begin, end);
    }
}

/* Of rows [begin, end): adds to dweight unless begin is 0. */
static void weight_gradient(const ConvCall *call, float *dweight, const float *dout, const float *x,
                            size_t begin, size_t end)
{
    int C = call->conv->shape.channels, N = call->conv->out_channels;
    run_gemm(call->run, TRANSPOSE, NO_TRANSPOSE, N, C, (int)(end - begin), 1,
             dout + begin * (size_t)N, N, x + begin * (size_t)C, C, begin > 0 ? 1 : 0, dweight, C);
}

static void backward(const ConvCall *call, float *dx, bool adds, float *dweight, const float *dout,
                     const float *x)
{
    const Convolution *conv = call->conv;
    int C = conv->shape.channels, N = conv->out_channels;
    bool at_once = are_weights_large(conv);
    for (size_t begin = 0, end; begin < lane_rows(call); begin = end) {
        end = piece_end(call, begin);
        conv_rows_done(call, begin, end);
        if (dx)
            run_gemm_packed(call->run, NO_TRANSPOSE, (int)(end - begin), C, N,
                            dout + begin * (size_t)N, N, call->prepared + forward_panels(conv),
                            adds ? 1 : 0, dx + begin * (size_t)C, C);
        if (!at_once) weight_gradient(call, dweight, dout, x, begin, end);
    }
    if (at_once) weight_gradient(call, dweight, dout, x, 0, lane_rows(call));
}

const ConvMethod conv_pointwise = {.name = "pointwise",
                                   .prepared = prepared,
                                   .prepare = prepare,
                                   .forward = forward,
                                   .backward = backward};
