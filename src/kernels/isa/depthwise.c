/*
 * Depthwise convolution, stride 1, same size. Work unit: one image, 16 channels. The block is
 * copied into a buffer with a margin of zeros, P[H + K - 1][W' + K - 1][16] with W' = W rounded up
 * to STRIP, which removes borders and strides; then STRIP outputs of a row accumulate in registers
 * over all taps, with inputs as memory operands. The gradient of the input is the same routine on
 * the gradient of the output with reversed taps. For the weights, K accumulators run along a row of
 * the output.
 */
#include "kernels.h"

enum { STRIP = 7, KERNEL_MAX = 7, TAPS_MAX = KERNEL_MAX * KERNEL_MAX };

static int strip_width(int W)
{
    return (W + STRIP - 1) / STRIP * STRIP;
}

static size_t padded_floats(int H, int W, int K)
{
    return (size_t)(H + K - 1) * (size_t)(strip_width(W) + K - 1) * 16;
}

size_t KERNEL(depthwise_scratch)(int H, int W, int K)
{
    return 2 * padded_floats(H, W, K);
}

/* Channels c … c+15 (or up to C) of x into the buffer; the margin is already zero. */
static void fill(float *padded, const float *x, int H, int W, int C, int c, int K)
{
    size_t pitch = (size_t)(strip_width(W) + K - 1) * 16;
    int n = C - c < 16 ? C - c : 16;
    for (int y = 0; y < H; y++) {
        float *to = padded + (size_t)(y + K / 2) * pitch + (size_t)(K / 2) * 16;
        const float *from = x + (size_t)y * (size_t)W * (size_t)C + c;
        for (int i = 0; i < W; i++, to += 16, from += C) v16_store(to, v16_load_n16(from, n));
    }
}

/* The taps of 16 channels, in order or reversed. */
static void load_taps(v16 taps[TAPS_MAX], const float *weight, int C, int c, int K, bool reversed)
{
    int n = C - c < 16 ? C - c : 16;
    for (int t = 0; t < K * K; t++)
        taps[reversed ? K * K - 1 - t : t] = v16_load_n16(weight + (size_t)t * (size_t)C + c, n);
}

/* STRIP outputs from the top left corner `at` of their windows. */
INLINE void convolve_strip(v16 sum[STRIP], const float *at, size_t pitch, const v16 *taps, int K)
{
    for (int ky = 0; ky < K; ky++, at += pitch)
        for (int kx = 0; kx < K; kx++) {
            v16 tap = taps[ky * K + kx];
            const float *in = at + kx * 16;
#pragma GCC unroll 7
            for (int i = 0; i < STRIP; i++) sum[i] = v16_fma(v16_load(in + i * 16), tap, sum[i]);
        }
}

/* out[y][x] (+)= initial + window of padded at (y,x), for 16 channels. */
INLINE void convolve(float *out, const float *padded, const v16 *taps, v16 initial, bool adds,
                     int H, int W, int C, int c, int K)
{
    size_t pitch = (size_t)(strip_width(W) + K - 1) * 16;
    int n = C - c < 16 ? C - c : 16;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x += STRIP) {
            v16 sum[STRIP];
#pragma GCC unroll 7
            for (int i = 0; i < STRIP; i++) sum[i] = initial;
            convolve_strip(sum, padded + (size_t)y * pitch + (size_t)x * 16, pitch, taps, K);
            float *to = out + ((size_t)y * (size_t)W + (size_t)x) * (size_t)C + c;
#pragma GCC unroll 7
            for (int i = 0; i < STRIP; i++) {
                if (x + i >= W) break;
                float *pixel = to + (size_t)i * (size_t)C;
                if (adds) sum[i] = v16_add(sum[i], v16_load_n16(pixel, n));
                v16_store_n16(pixel, sum[i], n);
            }
        }
}

/* One function per kernel size, so that the tap loops have constant bounds. */
static __attribute__((noinline)) void convolve7(float *out, const float *padded, const v16 *taps,
                                                v16 initial, bool adds, int H, int W, int C, int c)
{
    convolve(out, padded, taps, initial, adds, H, W, C, c, 7);
}

static void convolve_any(float *out, const float *padded, const v16 *taps, v16 initial, bool adds,
                         int H, int W, int C, int c, int K)
{
    if (K == 7)
        convolve7(out, padded, taps, initial, adds, H, W, C, c);
    else
        convolve(out, padded, taps, initial, adds, H, W, C, c, K);
}

void KERNEL(depthwise_forward)(float *out, const float *x, const float *weight, const float *bias,
                               int H, int W, int C, int K, float *scratch)
{
    v16 taps[TAPS_MAX];
    memset(scratch, 0, sizeof(float) * padded_floats(H, W, K));
    for (int c = 0; c < C; c += 16) {
        fill(scratch, x, H, W, C, c, K);
        load_taps(taps, weight, C, c, K, false);
        v16 initial = v16_load_n16(bias + c, C - c < 16 ? C - c : 16);
        convolve_any(out, scratch, taps, initial, false, H, W, C, c, K);
    }
}

/* Adds to sums[K*K] the products of the gradient with the input at each tap: per row of the output
 * in registers, then rows in order. */
INLINE void correlate(v16 *sums, const float *padded, const float *grad, int H, int W, int K)
{
    size_t pitch = (size_t)(strip_width(W) + K - 1) * 16;
    grad += (size_t)(K / 2) * pitch + (size_t)(K / 2) * 16;
    for (int ky = 0; ky < K; ky++)
        for (int y = 0; y < H; y++) {
            const float *in = padded + (size_t)(y + ky) * pitch, *g = grad + (size_t)y * pitch;
            v16 sum[KERNEL_MAX];
#pragma GCC unroll 7
            for (int kx = 0; kx < K; kx++) sum[kx] = v16_zero();
            for (int x = 0; x < W; x++, in += 16, g += 16) {
                v16 d = v16_load(g);
#pragma GCC unroll 7
                for (int kx = 0; kx < K; kx++)
                    sum[kx] = v16_fma(v16_load(in + kx * 16), d, sum[kx]);
            }
#pragma GCC unroll 7
            for (int kx = 0; kx < K; kx++) sums[ky * K + kx] = v16_add(sums[ky * K + kx], sum[kx]);
        }
}

static __attribute__((noinline)) void correlate7(v16 *sums, const float *padded, const float *grad,
                                                 int H, int W)
{
    correlate(sums, padded, grad, H, W, 7);
}

static void correlate_any(v16 *sums, const float *padded, const float *grad, int H, int W, int K)
{
    switch (K) {
    case 7:
        correlate7(sums, padded, grad, H, W);
        return;
    case 5:
        correlate(sums, padded, grad, H, W, 5);
        return;
    case 3:
        correlate(sums, padded, grad, H, W, 3);
        return;
    default:
        correlate(sums, padded, grad, H, W, 1);
    }
}

static v16 sum_pixels(const float *grad, int H, int W, int K)
{
    size_t pitch = (size_t)(strip_width(W) + K - 1) * 16;
    v16 total = v16_zero();
    for (int y = 0; y < H; y++) {
        const float *g = grad + (size_t)(y + K / 2) * pitch + (size_t)(K / 2) * 16;
        v16 sum = v16_zero();
        for (int x = 0; x < W; x++, g += 16) sum = v16_add(sum, v16_load(g));
        total = v16_add(total, sum);
    }
    return total;
}

static void add_to(float *out, v16 a, int n)
{
    v16_store_n16(out, v16_add(v16_load_n16(out, n), a), n);
}

void KERNEL(depthwise_backward)(float *dx, float *dweight, float *dbias, const float *dout,
                                const float *x, const float *weight, int H, int W, int C, int K,
                                float *scratch)
{
    v16 taps[TAPS_MAX], sums[TAPS_MAX];
    float *padded = scratch, *grad = scratch + padded_floats(H, W, K);
    memset(scratch, 0, sizeof(float) * 2 * padded_floats(H, W, K));
    for (int c = 0; c < C; c += 16) {
        int n = C - c < 16 ? C - c : 16;
        fill(padded, x, H, W, C, c, K);
        fill(grad, dout, H, W, C, c, K);
        load_taps(taps, weight, C, c, K, true);
        convolve_any(dx, grad, taps, v16_zero(), true, H, W, C, c, K);
        memset(sums, 0, sizeof sums);
        correlate_any(sums, padded, grad, H, W, K);
        for (int t = 0; t < K * K; t++) add_to(dweight + (size_t)t * (size_t)C + c, sums[t], n);
        add_to(dbias + c, sum_pixels(grad, H, W, K), n);
    }
}
