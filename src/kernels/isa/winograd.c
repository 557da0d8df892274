/*
 * Winograd's minimal filtering of 3x3 convolutions with stride 1 (Lavin and Gray 2016): m x m outputs of a
 * tile from (m+2) x (m+2) inputs as A^T [(G w G^T) * (B^T d B)] A, element by element in the middle. Here
 * are the transforms of one tile for all its channels, and their transposes, which are what backward needs:
 * the products between them are matrix products over tiles.
 *
 * F(2x2) has the points 0, 1, -1 and errs as little as a direct convolution. F(4x4) has 0, +-3/4, +-3/2: half
 * the error of the usual 0, +-1, +-2 (measured over random data), and every constant but those of G is exact.
 */
#include "kernels.h"

enum { SIDE_MAX = 6 }; /* inputs of a tile's side */

typedef enum Line {
    INPUT,           /* B^T: m+2 from m+2 */
    INPUT_BACKWARD,  /* B */
    OUTPUT,          /* A^T: m from m+2 */
    OUTPUT_BACKWARD, /* A */
    WEIGHT,          /* G: m+2 from 3 */
    WEIGHT_BACKWARD  /* G^T */
} Line;

/* --- one line of a transform --- */

INLINE vec vec_set(float x)
{
    return x - (vec){0};
}

#define FMA(factor, x, y) vec_fma(vec_set(factor), x, y)

/* Powers of the points, and what G divides by: products of distances between points. */
#define P (3.0F / 4)
#define Q (3.0F / 2)
#define P2 (P * P)
#define Q2 (Q * Q)
#define DIVISOR_0 (P2 * Q2)
#define DIVISOR_P (2 * P2 * (P2 - Q2))
#define DIVISOR_Q (2 * Q2 * (Q2 - P2))

INLINE void line4(Line line, vec *out, const vec *x)
{
    vec sum_p, sum_q, difference_p, difference_q;
    switch (line) {
    case INPUT:
        out[0] = FMA(P2 * Q2, x[0], FMA(-(P2 + Q2), x[2], x[4]));
        sum_p = FMA(-Q2, x[2], x[4]);
        difference_p = vec_set(P) * FMA(-Q2, x[1], x[3]);
        sum_q = FMA(-P2, x[2], x[4]);
        difference_q = vec_set(Q) * FMA(-P2, x[1], x[3]);
        out[1] = sum_p + difference_p;
        out[2] = sum_p - difference_p;
        out[3] = sum_q + difference_q;
        out[4] = sum_q - difference_q;
        out[5] = FMA(P2 * Q2, x[1], FMA(-(P2 + Q2), x[3], x[5]));
        break;
    case INPUT_BACKWARD:
        sum_p = x[1] + x[2];
        difference_p = vec_set(P) * (x[1] - x[2]);
        sum_q = x[3] + x[4];
        difference_q = vec_set(Q) * (x[3] - x[4]);
        out[0] = vec_set(P2 * Q2) * x[0];
        out[1] = FMA(P2 * Q2, x[5], FMA(-Q2, difference_p, vec_set(-P2) * difference_q));
        out[2] = FMA(-(P2 + Q2), x[0], FMA(-Q2, sum_p, vec_set(-P2) * sum_q));
        out[3] = FMA(-(P2 + Q2), x[5], difference_p + difference_q);
        out[4] = x[0] + (sum_p + sum_q);
        out[5] = x[5];
        break;
    case OUTPUT:
        sum_p = x[1] + x[2];
        difference_p = vec_set(P) * (x[1] - x[2]);
        sum_q = x[3] + x[4];
        difference_q = vec_set(Q) * (x[3] - x[4]);
        out[0] = x[0] + (sum_p + sum_q);
        out[1] = difference_p + difference_q;
        out[2] = FMA(P2, sum_p, vec_set(Q2) * sum_q);
        out[3] = FMA(P2, difference_p, FMA(Q2, difference_q, x[5]));
        break;
    case OUTPUT_BACKWARD:
        sum_p = FMA(P2, x[2], x[0]);
        difference_p = vec_set(P) * FMA(P2, x[3], x[1]);
        sum_q = FMA(Q2, x[2], x[0]);
        difference_q = vec_set(Q) * FMA(Q2, x[3], x[1]);
        out[0] = x[0];
        out[1] = sum_p + difference_p;
        out[2] = sum_p - difference_p;
        out[3] = sum_q + difference_q;
        out[4] = sum_q - difference_q;
        out[5] = x[3];
        break;
    case WEIGHT:
        sum_p = vec_set(1 / DIVISOR_P) * FMA(P2, x[2], x[0]);
        difference_p = vec_set(P / DIVISOR_P) * x[1];
        sum_q = vec_set(1 / DIVISOR_Q) * FMA(Q2, x[2], x[0]);
        difference_q = vec_set(Q / DIVISOR_Q) * x[1];
        out[0] = vec_set(1 / DIVISOR_0) * x[0];
        out[1] = sum_p + difference_p;
        out[2] = sum_p - difference_p;
        out[3] = sum_q + difference_q;
        out[4] = sum_q - difference_q;
        out[5] = x[2];
        break;
    case WEIGHT_BACKWARD:
        sum_p = vec_set(1 / DIVISOR_P) * (x[1] + x[2]);
        sum_q = vec_set(1 / DIVISOR_Q) * (x[3] + x[4]);
        out[0] = FMA(1 / DIVISOR_0, x[0], sum_p + sum_q);
        out[1] = FMA(P / DIVISOR_P, x[1] - x[2], vec_set(Q / DIVISOR_Q) * (x[3] - x[4]));
        out[2] = FMA(P2, sum_p, FMA(Q2, sum_q, x[5]));
        break;
    }
}

INLINE void line2(Line line, vec *out, const vec *x)
{
    switch (line) {
    case INPUT:
        out[0] = x[0] - x[2];
        out[1] = x[1] + x[2];
        out[2] = x[2] - x[1];
        out[3] = x[3] - x[1];
        break;
    case INPUT_BACKWARD:
        out[0] = x[0];
        out[1] = x[1] - x[2] - x[3];
        out[2] = x[1] + x[2] - x[0];
        out[3] = x[3];
        break;
    case OUTPUT:
        out[0] = x[0] + x[1] + x[2];
        out[1] = x[1] - x[2] + x[3];
        break;
    case OUTPUT_BACKWARD:
        out[0] = x[0];
        out[1] = x[0] + x[1];
        out[2] = x[0] - x[1];
        out[3] = x[1];
        break;
    case WEIGHT:
        out[0] = x[0];
        out[1] = vec_set(0.5F) * (x[0] + x[2] + x[1]);
        out[2] = vec_set(0.5F) * (x[0] + x[2] - x[1]);
        out[3] = x[2];
        break;
    case WEIGHT_BACKWARD:
        out[0] = x[0] + vec_set(0.5F) * (x[1] + x[2]);
        out[1] = vec_set(0.5F) * (x[1] - x[2]);
        out[2] = x[3] + vec_set(0.5F) * (x[1] + x[2]);
        break;
    }
}

/* `m` and `line` are constants wherever these are called. */
INLINE void transform_line(int m, Line line, vec *out, const vec *x)
{
    if (m == 4)
        line4(line, out, x);
    else
        line2(line, out, x);
}

INLINE int outputs_of(int m, Line line)
{
    return line == OUTPUT ? m : line == WEIGHT_BACKWARD ? 3 : m + 2;
}

INLINE int inputs_of(int m, Line line)
{
    return line == OUTPUT_BACKWARD ? m : line == WEIGHT ? 3 : m + 2;
}

/* --- both directions of a tile, `n` channels --- */

/* The first n <= VEC_LANES floats, zeros behind them. */
INLINE vec vec_load_n(const float *x, int n)
{
    vec r = {0};
    if (n == VEC_LANES)
        memcpy(&r, x, sizeof r);
    else
        for (int i = 0; i < n; i++) r[i] = x[i];
    return r;
}

INLINE void vec_store_n(float *out, vec a, int n)
{
    if (n == VEC_LANES)
        memcpy(out, &a, sizeof a);
    else
        for (int i = 0; i < n; i++) out[i] = a[i];
}

/* Where element (i,j) of a side lies: pixels of the image, of which those outside are zero, or transformed
 * planes. */
typedef struct Side {
    ptrdiff_t origin;
    size_t row, column;
    int y_begin, y_end, x_begin, x_end;
} Side;

INLINE Side image_side(const WinogradTile *tile)
{
    return (Side){tile->origin, tile->row,     tile->pixel, tile->y_begin,
                  tile->y_end,  tile->x_begin, tile->x_end};
}

INLINE Side planes_side(size_t plane, int columns)
{
    return (Side){0, plane * (size_t)columns, plane, 0, SIDE_MAX, 0, SIDE_MAX};
}

INLINE int is_inside(const Side *side, int i, int j)
{
    return i >= side->y_begin && i < side->y_end && j >= side->x_begin && j < side->x_end;
}

INLINE ptrdiff_t place_of(const Side *side, int i, int j)
{
    return side->origin + (ptrdiff_t)((size_t)i * side->row + (size_t)j * side->column);
}

/* `whole`: every element lies inside. `adds`: out is added to. */
INLINE void transform(int m, Line line, float *out, Side to, const float *x, Side from, int whole,
                      int adds, int n)
{
    const int ins = inputs_of(m, line), outs = outputs_of(m, line);
    vec half[SIDE_MAX][SIDE_MAX], a[SIDE_MAX], b[SIDE_MAX];
    for (int j = 0; j < ins; j++) {
        _Pragma("GCC unroll 6") for (int i = 0; i < ins; i++) a[i] =
            whole || is_inside(&from, i, j) ? vec_load_n(x + place_of(&from, i, j), n) : (vec){0};
        transform_line(m, line, b, a);
        _Pragma("GCC unroll 6") for (int i = 0; i < outs; i++) half[i][j] = b[i];
    }
    for (int i = 0; i < outs; i++) {
        transform_line(m, line, b, half[i]);
        _Pragma("GCC unroll 6") for (int j = 0; j < outs; j++)
        {
            if (!whole && !is_inside(&to, i, j)) continue;
            float *place = out + place_of(&to, i, j);
            vec_store_n(place, adds ? vec_load_n(place, n) + b[j] : b[j], n);
        }
    }
}

INLINE void transform_channels(int m, Line line, float *out, Side to, const float *x, Side from,
                               int whole, int adds, int C)
{
    int c = 0;
    for (; c + VEC_LANES <= C; c += VEC_LANES)
        transform(m, line, out + c, to, x + c, from, whole, adds, VEC_LANES);
    if (c < C) transform(m, line, out + c, to, x + c, from, whole, adds, C - c);
}

/* --- the kernels --- */

/* Tiles that hang over the image's edge are rarer, and checked element by element. */
INLINE void transform_tile(int m, Line line, float *out, const float *x, const WinogradTile *tile,
                           int C)
{
    int reads_image = line == INPUT || line == OUTPUT_BACKWARD;
    int pixels = line == INPUT || line == INPUT_BACKWARD ? m + 2 : m;
    int whole =
        tile->y_begin == 0 && tile->x_begin == 0 && tile->y_end == pixels && tile->x_end == pixels;
    Side image = image_side(tile), planes = planes_side(tile->plane, m + 2);
    Side to = reads_image ? planes : image, from = reads_image ? image : planes;
    int adds = line == INPUT_BACKWARD;
    if (whole)
        transform_channels(m, line, out, to, x, from, 1, adds, C);
    else
        transform_channels(m, line, out, to, x, from, 0, adds, C);
}

#define TILE_KERNEL(name, line)                                                                    \
    void KERNEL(name)(float *out, const float *x, const WinogradTile *tile, int C)                 \
    {                                                                                              \
        if (tile->size == 4)                                                                       \
            transform_tile(4, line, out, x, tile, C);                                              \
        else                                                                                       \
            transform_tile(2, line, out, x, tile, C);                                              \
    }
TILE_KERNEL(winograd_input, INPUT)
TILE_KERNEL(winograd_input_backward, INPUT_BACKWARD)
TILE_KERNEL(winograd_output, OUTPUT)
TILE_KERNEL(winograd_output_backward, OUTPUT_BACKWARD)

/* 3x3 weights of C channels, one after the other. */
INLINE Side weight_side(int C)
{
    return (Side){0, 3 * (size_t)C, (size_t)C, 0, SIDE_MAX, 0, SIDE_MAX};
}

void KERNEL(winograd_weight)(float *u, const float *weight, int size, size_t plane, int C)
{
    if (size == 4)
        transform_channels(4, WEIGHT, u, planes_side(plane, 6), weight, weight_side(C), 1, 0, C);
    else
        transform_channels(2, WEIGHT, u, planes_side(plane, 4), weight, weight_side(C), 1, 0, C);
}

void KERNEL(winograd_weight_backward)(float *dweight, const float *du, int size, size_t plane,
                                      int C)
{
    if (size == 4)
        transform_channels(4, WEIGHT_BACKWARD, dweight, weight_side(C), du, planes_side(plane, 6),
                           1, 0, C);
    else
        transform_channels(2, WEIGHT_BACKWARD, dweight, weight_side(C), du, planes_side(plane, 4),
                           1, 0, C);
}
