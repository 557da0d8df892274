/*
 * Turning stored pictures upright. Each of the eight orientations of EXIF is an exchange of the
 * axes, if any, followed by mirroring of the stored columns, the stored rows, or both:
 *
 *     upright (x,y)  ->  exchanged (y,x)  ->  mirrored = stored (column,row)
 */
#include "image_formats.h"

#include <stdlib.h>
#include <string.h>

typedef struct Turn {
    bool exchanges, mirrors_columns, mirrors_rows;
} Turn;

static const Turn turns[] = {
    [1] = {false, false, false}, [2] = {false, true, false}, [3] = {false, true, true},
    [4] = {false, false, true},  [5] = {true, false, false}, [6] = {true, false, true},
    [7] = {true, true, true},    [8] = {true, true, false},
};

bool orient_swaps_sides(int orientation)
{
    return turns[orientation].exchanges;
}

static Rect exchange(Rect r)
{
    return (Rect){r.y, r.x, r.height, r.width};
}

static Rect mirror(const Turn *turn, Rect r, int width, int height)
{
    if (turn->mirrors_columns) r.x = width - r.x - r.width;
    if (turn->mirrors_rows) r.y = height - r.y - r.height;
    return r;
}

static void clip(int *begin, int *size, int length)
{
    Span span = image_span(*begin, *size, 0, length);
    *begin = span.begin;
    *size = span.end - span.begin;
}

Rect orient_to_stored(int orientation, Rect upright, int width, int height)
{
    const Turn *turn = &turns[orientation];
    Rect r = turn->exchanges ? exchange(upright) : upright;
    clip(&r.x, &r.width, width);
    clip(&r.y, &r.height, height);
    return mirror(turn, r, width, height);
}

Rect orient_to_upright(int orientation, Rect stored, int width, int height)
{
    const Turn *turn = &turns[orientation];
    Rect r = mirror(turn, stored, width, height);
    return turn->exchanges ? exchange(r) : r;
}

/* --- pixels --- */

/* Upright (x,y) stands at start + x * step_x + y * step_y of the stored pixels. */
typedef struct Walk {
    const uint8_t *start;
    ptrdiff_t step_x, step_y; /* bytes */
} Walk;

static Walk walk_of(const Turn *turn, const Image *image)
{
    ptrdiff_t pitch = 4 * (ptrdiff_t)image->width;
    ptrdiff_t column = turn->mirrors_columns ? -4 : 4, row = turn->mirrors_rows ? -pitch : pitch;
    const uint8_t *start = image->pixels;
    if (turn->mirrors_columns) start += pitch - 4;
    if (turn->mirrors_rows) start += pitch * (image->height - 1);
    return turn->exchanges ? (Walk){start, row, column} : (Walk){start, column, row};
}

/* When axes are exchanged, a row is read from a column, a cache line per pixel: tiles of this side
 * use each line while it is in the cache. */
enum { TILE = 32 };

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static void copy_tile(Image *out, const Walk *walk, int left, int top)
{
    int right = smaller(left + TILE, out->width), bottom = smaller(top + TILE, out->height);
    for (int y = top; y < bottom; y++) {
        const uint8_t *from = walk->start + left * walk->step_x + y * walk->step_y;
        uint8_t *to = out->pixels + 4 * ((size_t)y * (size_t)out->width + (size_t)left);
        for (int x = left; x < right; x++, to += 4, from += walk->step_x) memcpy(to, from, 4);
    }
}

bool orient_pixels(Image *image, int orientation)
{
    const Turn *turn = &turns[orientation];
    bool swaps = turn->exchanges;
    Image out = {.pixels = image->spare, .capacity = image->spare_capacity};
    Walk walk = walk_of(turn, image);
    bool ok = image_resize_buffer(&out, swaps ? image->height : image->width,
                                  swaps ? image->width : image->height);
    for (int top = 0; ok && top < out.height; top += TILE)
        for (int left = 0; left < out.width; left += TILE) copy_tile(&out, &walk, left, top);
    if (ok) {
        out.spare = image->pixels;
        out.spare_capacity = image->capacity;
        *image = out;
    } else { /* the spare buffer is gone */
        image->spare = NULL;
        image->spare_capacity = 0;
    }
    return ok;
}
