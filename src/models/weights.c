/* Axes of a parameter put in another order; learnt places put on another grid. */
#include "models/weights.h"

#include "base/arena.h"
#include "data/filter.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Distance in ours between neighbours along each axis of a part. */
static void strides_of(const ForeignTensor *foreign, Shape ours, size_t stride[SHAPE_MAX])
{
    size_t own[SHAPE_MAX + 1] = {0};
    size_t product = 1;
    for (int i = ours.rank - 1; i >= 0; i--) {
        own[i] = product;
        product *= (size_t)ours.dim[i];
    }
    for (int i = 0; i < foreign->shape.rank; i++)
        stride[i] = foreign->axis[i] < 0 ? 0 : own[foreign->axis[i]];
}

/* Where in ours the elements of a part lie, one after the other. */
typedef struct Walk {
    const ForeignTensor *foreign;
    size_t stride[SHAPE_MAX];
    int index[SHAPE_MAX];
    size_t at;
} Walk;

static Walk walk_start(const ForeignTensor *foreign, Shape ours, int part)
{
    Walk walk = {.foreign = foreign,
                 .at = shape_count(ours) / (size_t)foreign->parts * (size_t)part};
    strides_of(foreign, ours, walk.stride);
    return walk;
}

static void walk_next(Walk *walk)
{
    for (int i = walk->foreign->shape.rank - 1; i >= 0; i--) {
        walk->at += walk->stride[i];
        if (++walk->index[i] < walk->foreign->shape.dim[i]) return;
        walk->at -= walk->stride[i] * (size_t)walk->index[i];
        walk->index[i] = 0;
    }
}

void weights_from_foreign(float *ours, Shape shape, const ForeignTensor *foreign, int part,
                          const float *theirs)
{
    Walk walk = walk_start(foreign, shape, part);
    for (size_t i = 0; i < shape_count(foreign->shape); i++, walk_next(&walk))
        ours[walk.at] = theirs[i];
}

void weights_to_foreign(float *theirs, const ForeignTensor *foreign, int part, const float *ours,
                        Shape shape)
{
    Walk walk = walk_start(foreign, shape, part);
    for (size_t i = 0; i < shape_count(foreign->shape); i++, walk_next(&walk))
        theirs[i] = ours[walk.at];
}

/* --- places --- */

static int square_side(int tokens)
{
    int side = (int)lrint(sqrt(tokens - 1));
    return side > 0 && (int64_t)side * side == tokens - 1 ? side : 0;
}

/* rows (rows,in_side,D) -> out (rows,out_side,D) along the middle axis. */
static void resample_middle(float *out, int out_side, const float *in, int in_side, int rows, int D,
                            const FilterAxis *axis)
{
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < out_side; i++) {
            float *to = out + ((size_t)r * (size_t)out_side + (size_t)i) * (size_t)D;
            memset(to, 0, sizeof(float) * (size_t)D);
            for (int t = 0; t < axis->taps; t++) {
                float weight = axis->weight[(size_t)i * (size_t)axis->taps + (size_t)t];
                const float *from =
                    in + ((size_t)r * (size_t)in_side + (size_t)(axis->first[i] + t)) * (size_t)D;
                for (int d = 0; d < D; d++) to[d] += weight * from[d];
            }
        }
}

bool weights_resample_places(float *out, int out_tokens, const float *in, int in_tokens, int D)
{
    int out_side = square_side(out_tokens), in_side = square_side(in_tokens);
    if (!out_side || !in_side) return false;
    Arena *arena = arena_create("places");
    int taps = filter_taps(FILTER_BICUBIC, in_side, out_side, in_side);
    FilterAxis axis = {taps, arena_new(arena, int, out_side),
                       arena_new(arena, float, (size_t)out_side *(size_t)taps)};
    float *wide = arena_new(arena, float, (size_t)in_side *(size_t)out_side *(size_t)D);
    filter_plan(&axis, FILTER_BICUBIC, 0, in_side, out_side, in_side);
    memcpy(out, in, sizeof(float) * (size_t)D); /* the class token stands nowhere */
    resample_middle(wide, out_side, in + D, in_side, in_side, D, &axis);
    /* along the first axis, a whole row of the grid is one long vector */
    resample_middle(out + D, out_side, wide, in_side, 1, out_side * D, &axis);
    arena_destroy(arena);
    return true;
}
