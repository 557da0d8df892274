/*
 * Winograd's minimal filtering of 3x3 convolutions (Lavin and Gray 2016): m x m outputs of a tile as
 * A^T [(G w G^T) * (B^T d B)] A, element by element in the middle. Here are the transforms of one tile for
 * all its channels, and their transposes, which are what backward needs: the products between them are matrix
 * products over tiles. What a transform does along one side stands in winograd_lines.h.
 */
#include "kernels.h"
#include "winograd_lines.h"

enum { SIDE_MAX = 9 }; /* inputs of a tile's side */

/* What is filtered: m x m outputs, with stride 1 or 2. Both, and `line`, are constants wherever the functions
 * below are called. */
typedef struct Filter {
    int m, stride;
} Filter;

INLINE void transform_line(Filter filter, Line line, vec *out, const vec *x)
{
    if (filter.stride == 2 && filter.m == 4)
        strided4(line, out, x);
    else if (filter.stride == 2)
        strided2(line, out, x);
    else if (filter.m == 4)
        line4(line, out, x);
    else
        line2(line, out, x);
}

/* Inputs of a side, and as many transformed ones. */
INLINE int side_of(Filter filter)
{
    return filter.stride * (filter.m - 1) + 3;
}

/* Transformed weights of a side. */
INLINE int weights_of(Filter filter)
{
    return filter.m + 2;
}

INLINE int outputs_of(Filter filter, Line line)
{
    return line == OUTPUT            ? filter.m
           : line == WEIGHT          ? weights_of(filter)
           : line == WEIGHT_BACKWARD ? 3
                                     : side_of(filter);
}

INLINE int inputs_of(Filter filter, Line line)
{
    return line == OUTPUT_BACKWARD   ? filter.m
           : line == WEIGHT          ? 3
           : line == WEIGHT_BACKWARD ? weights_of(filter)
                                     : side_of(filter);
}

/* --- both directions of a tile, `n` channels --- */

INLINE vec vec_load(const float *x)
{
    vec r;
    memcpy(&r, x, sizeof r);
    return r;
}

INLINE void vec_store(float *out, vec a)
{
    memcpy(out, &a, sizeof a);
}

/* The first n < VEC_LANES floats, zeros behind them. */
INLINE vec vec_load_n(const float *x, int n)
{
    float copy[VEC_LANES] = {0};
    for (int i = 0; i < n; i++) copy[i] = x[i];
    return vec_load(copy);
}

INLINE void vec_store_n(float *out, vec a, int n)
{
    float copy[VEC_LANES];
    vec_store(copy, a);
    for (int i = 0; i < n; i++) out[i] = copy[i];
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

/* All of its columns x columns elements lie inside. */
INLINE Side planes_side(size_t plane, int columns)
{
    return (Side){0, plane * (size_t)columns, plane, 0, columns, 0, columns};
}

INLINE Side copy_side(int columns)
{
    return planes_side(VEC_LANES, columns);
}

INLINE ptrdiff_t place_of(const Side *side, int i, int j)
{
    return side->origin + (ptrdiff_t)((size_t)i * side->row + (size_t)j * side->column);
}

INLINE int is_inside(const Side *side, int i, int j)
{
    return i >= side->y_begin && i < side->y_end && j >= side->x_begin && j < side->x_end;
}

/* Of VEC_LANES channels. `whole`: all elements of both sides lie inside. `adds`: out is added to. */
INLINE void transform(Filter filter, Line line, float *out, Side to, const float *x, Side from,
                      int whole, int adds)
{
    const int ins = inputs_of(filter, line), outs = outputs_of(filter, line);
    vec half[SIDE_MAX][SIDE_MAX], a[SIDE_MAX], b[SIDE_MAX];
    for (int j = 0; j < ins; j++) {
        _Pragma("GCC unroll 9") for (int i = 0; i < ins; i++) a[i] =
            whole || is_inside(&from, i, j) ? vec_load(x + place_of(&from, i, j)) : (vec){0};
        transform_line(filter, line, b, a);
        _Pragma("GCC unroll 9") for (int i = 0; i < outs; i++) half[i][j] = b[i];
    }
    for (int i = 0; i < outs; i++) {
        transform_line(filter, line, b, half[i]);
        _Pragma("GCC unroll 9") for (int j = 0; j < outs; j++)
        {
            if (!whole && !is_inside(&to, i, j)) continue;
            float *place = out + place_of(&to, i, j);
            vec_store(place, adds ? vec_load(place) + b[j] : b[j]);
        }
    }
}

/* A copy of a side of `side` x `side` elements, n < VEC_LANES channels of each: zeros outside and behind. */
INLINE void gather(float *copy, const float *x, const Side *from, int side, int n)
{
    memset(copy, 0, sizeof(vec) * (size_t)(side * side));
    for (int i = from->y_begin; i < from->y_end; i++)
        for (int j = from->x_begin; j < from->x_end; j++)
            vec_store(copy + (i * side + j) * VEC_LANES, vec_load_n(x + place_of(from, i, j), n));
}

/* The way back of what lies inside. */
INLINE void scatter(float *out, const float *copy, const Side *to, int side, int n, int adds)
{
    for (int i = to->y_begin; i < to->y_end; i++)
        for (int j = to->x_begin; j < to->x_end; j++) {
            float *place = out + place_of(to, i, j);
            vec element = vec_load(copy + (i * side + j) * VEC_LANES);
            vec_store_n(place, adds ? vec_load_n(place, n) + element : element, n);
        }
}

enum { COPY_FLOATS = SIDE_MAX * SIDE_MAX * VEC_LANES };

/* Whether the side that is read, or else the one that is written, lies in an image. */
INLINE int reads_image(Line line)
{
    return line == INPUT || line == OUTPUT_BACKWARD;
}

/* Of n < VEC_LANES channels. */
INLINE void transform_rest(Filter filter, Line line, float *out, Side to, const float *x, Side from,
                           int adds, int n)
{
    const int ins = inputs_of(filter, line), outs = outputs_of(filter, line);
    float in_copy[COPY_FLOATS], out_copy[COPY_FLOATS];
    gather(in_copy, x, &from, ins, n);
    transform(filter, line, out_copy, copy_side(outs), in_copy, copy_side(ins), 1, 0);
    scatter(out, out_copy, &to, outs, n, adds);
}

INLINE void transform_channels(Filter filter, Line line, float *out, Side to, const float *x,
                               Side from, int whole, int adds, int C)
{
    int c = 0;
    for (; whole && c + VEC_LANES <= C; c += VEC_LANES)
        transform(filter, line, out + c, to, x + c, from, 1, adds);
    for (; c + VEC_LANES <= C; c += VEC_LANES)
        transform(filter, line, out + c, to, x + c, from, 0, adds);
    if (c < C) transform_rest(filter, line, out + c, to, x + c, from, adds, C - c);
}

/* --- the kernels --- */

INLINE void transform_tile(Filter filter, Line line, float *out, const float *x,
                           const WinogradTile *tile, int C)
{
    int pixels = line == INPUT || line == INPUT_BACKWARD ? side_of(filter) : filter.m;
    int whole =
        tile->y_begin == 0 && tile->x_begin == 0 && tile->y_end == pixels && tile->x_end == pixels;
    Side image = image_side(tile), planes = planes_side(tile->plane, side_of(filter));
    Side to = reads_image(line) ? planes : image, from = reads_image(line) ? image : planes;
    int adds = line == INPUT_BACKWARD;
    transform_channels(filter, line, out, to, x, from, whole, adds, C);
}

/* Calls `function` with the filter as a constant. */
#define FOR_FILTER(size, stride, function, ...)                                                    \
    {                                                                                              \
        if ((stride) == 2 && (size) == 4)                                                          \
            function((Filter){4, 2}, __VA_ARGS__);                                                 \
        else if ((stride) == 2)                                                                    \
            function((Filter){2, 2}, __VA_ARGS__);                                                 \
        else if ((size) == 4)                                                                      \
            function((Filter){4, 1}, __VA_ARGS__);                                                 \
        else                                                                                       \
            function((Filter){2, 1}, __VA_ARGS__);                                                 \
    }

#define TILE_KERNEL(name, line)                                                                    \
    void KERNEL(name)(float *out, const float *x, const WinogradTile *tile, int C)                 \
        FOR_FILTER(tile->size, tile->stride, transform_tile, line, out, x, tile, C)
TILE_KERNEL(winograd_input, INPUT)
TILE_KERNEL(winograd_input_backward, INPUT_BACKWARD)
TILE_KERNEL(winograd_output, OUTPUT)
TILE_KERNEL(winograd_output_backward, OUTPUT_BACKWARD)

INLINE void transform_weight(Filter filter, Line line, float *out, const float *x, size_t plane,
                             int C)
{
    Side weight = planes_side((size_t)C, 3), planes = planes_side(plane, weights_of(filter));
    Side to = line == WEIGHT ? planes : weight, from = line == WEIGHT ? weight : planes;
    transform_channels(filter, line, out, to, x, from, 1, 0, C);
}

#define WEIGHT_KERNEL(name, line)                                                                  \
    void KERNEL(name)(float *out, const float *x, int size, int stride, size_t plane, int C)       \
        FOR_FILTER(size, stride, transform_weight, line, out, x, plane, C)
WEIGHT_KERNEL(winograd_weight, WEIGHT)
WEIGHT_KERNEL(winograd_weight_backward, WEIGHT_BACKWARD)
