/* Resampling of pictures: first along the rows that are needed, then along columns. */
#include "resample.h"

#include "data/filter.h"
#include "image_formats.h"
#include "kernels/kernels.h"

#include <stdlib.h>

/* The pieces of one buffer. */
typedef struct Buffers {
    FilterKind filter;
    FilterAxis across, down;
    int width;   /* of the output */
    float *rows; /* (source rows,width,4): after the pass along rows */
    float *line; /* (width,4): one output row */
    float *wide; /* (image's width,4): one source row as floats */
} Buffers;

static bool carve(Buffers *buffers, const Image *image, const ResampleWindow *window, int width,
                  int height, AugmentScratch *scratch)
{
    buffers->width = width;
    buffers->across.taps = filter_taps(buffers->filter, window->width, width, image->width);
    buffers->down.taps = filter_taps(buffers->filter, window->height, height, image->height);
    size_t across_weights = (size_t)width * (size_t)buffers->across.taps;
    size_t down_weights = (size_t)height * (size_t)buffers->down.taps;
    size_t line = 4 * (size_t)width, rows = line * (size_t)image->height;
    size_t wide = 4 * (size_t)image->width;
    size_t floats = line + rows + wide + across_weights + down_weights;
    size_t bytes = sizeof(float) * floats + sizeof(int) * (size_t)(width + height);
    if (bytes > scratch->capacity) {
        free(scratch->buffer);
        scratch->buffer = malloc(bytes);
        scratch->capacity = scratch->buffer ? bytes : 0;
    }
    if (!scratch->buffer) return false;
    buffers->line = scratch->buffer;
    buffers->rows = buffers->line + line;
    buffers->wide = buffers->rows + rows;
    buffers->across.weight = buffers->wide + wide;
    buffers->down.weight = buffers->across.weight + across_weights;
    buffers->across.first = (int *)(buffers->line + floats);
    buffers->down.first = buffers->across.first + width;
    filter_plan(&buffers->across, buffers->filter, window->x, window->width, width, image->width);
    filter_plan(&buffers->down, buffers->filter, window->y, window->height, height, image->height);
    return true;
}

/* Bicubic overshoots; pictures end at black and white, in each pass as in Pillow. */
static void clip(const Buffers *buffers, float *row)
{
    if (buffers->filter != FILTER_BICUBIC) return;
    for (size_t i = 0; i < 4 * (size_t)buffers->width; i++)
        row[i] = row[i] < 0 ? 0 : row[i] > 255 ? 255 : row[i];
}

/* The pass along rows, for the source rows that any output row needs. */
static void resample_rows(const Buffers *buffers, const Image *image, int height)
{
    const FilterAxis *across = &buffers->across, *down = &buffers->down;
    size_t line = 4 * (size_t)buffers->width, pitch = 4 * (size_t)image->width;
    for (int y = down->first[0]; y < down->first[height - 1] + down->taps; y++) {
        float *row = buffers->rows + (size_t)y * line;
        kernels()->widen_bytes(buffers->wide, image->pixels + (size_t)y * pitch, pitch);
        kernels()->resample_row(row, buffers->wide, across->first, across->weight, across->taps,
                                buffers->width);
        clip(buffers, row);
    }
}

/* Output row y into buffers->line. */
static void resample_line(const Buffers *buffers, int y)
{
    const FilterAxis *down = &buffers->down;
    size_t line = 4 * (size_t)buffers->width;
    kernels()->resample_column(buffers->line, buffers->rows + (size_t)down->first[y] * line,
                               down->weight + (size_t)y * (size_t)down->taps, down->taps, line);
    clip(buffers, buffers->line);
}

bool resample(float *out, int side, const Image *image, const ResampleWindow *window,
              FilterKind filter, const float scale[3], const float shift[3], unsigned flips,
              AugmentScratch *scratch)
{
    Buffers buffers = {.filter = filter};
    if (!carve(&buffers, image, window, side, side, scratch)) return false;
    resample_rows(&buffers, image, side);
    for (int y = 0; y < side; y++) {
        resample_line(&buffers, y);
        int to = flips & FLIP_VERTICAL ? side - 1 - y : y;
        kernels()->store_row(out + (size_t)to * (size_t)side * 3, buffers.line, scale, shift,
                             flips & FLIP_HORIZONTAL, side);
    }
    return true;
}

/* The window as bytes, rounded. */
static bool resample_bytes(Buffers *buffers, Image *out, int width, int height, const Image *image,
                           const ResampleWindow *window, AugmentScratch *scratch)
{
    if (!image_resize_buffer(out, width, height) ||
        !carve(buffers, image, window, width, height, scratch))
        return false;
    resample_rows(buffers, image, height);
    for (int y = 0; y < height; y++) {
        resample_line(buffers, y);
        uint8_t *row = out->pixels + (size_t)y * (size_t)width * 4;
        for (size_t i = 0; i < 4 * (size_t)width; i++)
            row[i] = (uint8_t)(buffers->line[i] < 0     ? 0
                               : buffers->line[i] > 255 ? 255
                                                        : buffers->line[i] + 0.5F);
    }
    return true;
}

bool resample_window(Image *out, int side, const Image *image, const ResampleWindow *window,
                     FilterKind filter, AugmentScratch *scratch)
{
    Buffers buffers = {.filter = filter};
    return resample_bytes(&buffers, out, side, side, image, window, scratch);
}

bool resample_pixels(Image *out, int width, int height, const Image *image)
{
    Buffers buffers = {.filter = FILTER_BILINEAR};
    AugmentScratch scratch = {0};
    ResampleWindow whole = {0, 0, image->width, image->height};
    bool ok = resample_bytes(&buffers, out, width, height, image, &whole, &scratch);
    augment_free(&scratch);
    return ok;
}
