/* 1x1 convolutions of every pixel: the lane is its own patch matrix, one product in pieces of rows. */
#include "conv.h"

/* Rows between two calls of ConvCall.rows: few enough to be in the second-level cache still. */
enum { PIECE = 196 };

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
    size_t all = lane_rows(call);
    return begin + PIECE < all ? begin + PIECE : all;
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

static void backward(const ConvCall *call, float *dx, bool adds, float *dweight, const float *dout,
                     const float *x)
{
    const Convolution *conv = call->conv;
    int C = conv->shape.channels, N = conv->out_channels;
    for (size_t begin = 0, end; begin < lane_rows(call); begin = end) {
        end = piece_end(call, begin);
        conv_rows_done(call, begin, end);
        if (dx)
            run_gemm_packed(call->run, NO_TRANSPOSE, (int)(end - begin), C, N,
                            dout + begin * (size_t)N, N, call->prepared + forward_panels(conv),
                            adds ? 1 : 0, dx + begin * (size_t)C, C);
    }
    run_gemm(call->run, TRANSPOSE, NO_TRANSPOSE, N, C, (int)lane_rows(call), 1, dout, N, x, C, 0,
             dweight, C);
}

const ConvMethod conv_pointwise = {.name = "pointwise",
                                   .prepared = prepared,
                                   .prepare = prepare,
                                   .forward = forward,
                                   .backward = backward};
