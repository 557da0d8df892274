/*
 * Resampling with a triangle filter that widens with the reduction, so that nothing aliases (what
 * PIL and torchvision call antialiased bilinear): first along the rows that are needed, then along
 * columns.
 */
#include "resample.h"

#include "image_formats.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>

/* One axis: output pixel i is the sum over t of weight[i * taps + t] * input[first[i] + t]. */
typedef struct Axis {
    int taps;
    int *first;    /* (side) */
    float *weight; /* (side,taps) */
} Axis;

/* Input pixels per output pixel, at least 1: half the width of the triangle. */
static double support_of(double length, int side)
{
    return length / side > 1 ? length / side : 1;
}

static int taps_of(double length, int side, int available)
{
    int taps = 2 * (int)ceil(support_of(length, side)) + 1;
    return taps < available ? taps : available;
}

static void plan_axis(const Axis *axis, double begin, double length, int side, int available)
{
    double support = support_of(length, side), scale = length / side;
    for (int i = 0; i < side; i++) {
        double centre = begin + (i + 0.5) * scale, sum = 0;
        int first = (int)floor(centre - support + 0.5);
        if (first > available - axis->taps) first = available - axis->taps;
        if (first < 0) first = 0;
        float *weight = axis->weight + (size_t)i * (size_t)axis->taps;
        for (int t = 0; t < axis->taps; t++) {
            double distance = fabs(first + t + 0.5 - centre) / support;
            weight[t] = distance < 1 ? (float)(1 - distance) : 0;
            sum += (double)weight[t];
        }
        for (int t = 0; t < axis->taps; t++) weight[t] = (float)((double)weight[t] / sum);
        axis->first[i] = first;
    }
}

/* The pieces of one buffer. */
typedef struct Buffers {
    Axis across, down;
    int width;   /* of the output */
    float *rows; /* (source rows,width,4): after the pass along rows */
    float *line; /* (width,4): one output row */
} Buffers;

static bool carve(Buffers *buffers, const Image *image, const ResampleWindow *window, int width,
                  int height, AugmentScratch *scratch)
{
    buffers->width = width;
    buffers->across.taps = taps_of(window->width, width, image->width);
    buffers->down.taps = taps_of(window->height, height, image->height);
    size_t across_weights = (size_t)width * (size_t)buffers->across.taps;
    size_t down_weights = (size_t)height * (size_t)buffers->down.taps;
    size_t line = 4 * (size_t)width, rows = line * (size_t)image->height;
    size_t floats = line + rows + across_weights + down_weights;
    size_t bytes = sizeof(float) * floats + sizeof(int) * (size_t)(width + height);
    if (bytes > scratch->capacity) {
        free(scratch->buffer);
        scratch->buffer = malloc(bytes);
        scratch->capacity = scratch->buffer ? bytes : 0;
    }
    if (!scratch->buffer) return false;
    buffers->line = scratch->buffer;
    buffers->rows = buffers->line + line;
    buffers->across.weight = buffers->rows + rows;
    buffers->down.weight = buffers->across.weight + across_weights;
    buffers->across.first = (int *)(buffers->line + floats);
    buffers->down.first = buffers->across.first + width;
    plan_axis(&buffers->across, window->x, window->width, width, image->width);
    plan_axis(&buffers->down, window->y, window->height, height, image->height);
    return true;
}

/* The pass along rows, for the source rows that any output row needs. */
static void resample_rows(const Buffers *buffers, const Image *image, int height)
{
    const Axis *across = &buffers->across, *down = &buffers->down;
    size_t line = 4 * (size_t)buffers->width, pitch = 4 * (size_t)image->width;
    for (int y = down->first[0]; y < down->first[height - 1] + down->taps; y++)
        kernels()->resample_row(buffers->rows + (size_t)y * line, image->pixels + (size_t)y * pitch,
                                across->first, across->weight, across->taps, buffers->width);
}

/* Output row y into buffers->line. */
static void resample_line(const Buffers *buffers, int y)
{
    const Axis *down = &buffers->down;
    size_t line = 4 * (size_t)buffers->width;
    kernels()->resample_column(buffers->line, buffers->rows + (size_t)down->first[y] * line,
                               down->weight + (size_t)y * (size_t)down->taps, down->taps, line);
}

bool resample(float *out, int side, const Image *image, const ResampleWindow *window,
              const float scale[3], const float shift[3], bool flip, AugmentScratch *scratch)
{
    Buffers buffers;
    if (!carve(&buffers, image, window, side, side, scratch)) return false;
    resample_rows(&buffers, image, side);
    for (int y = 0; y < side; y++) {
        resample_line(&buffers, y);
        kernels()->store_row(out + (size_t)y * (size_t)side * 3, buffers.line, scale, shift, flip,
                             side);
    }
    return true;
}

bool resample_pixels(Image *out, int width, int height, const Image *image)
{
    Buffers buffers;
    AugmentScratch scratch = {0};
    ResampleWindow whole = {0, 0, image->width, image->height};
    bool ok = image_resize_buffer(out, width, height) &&
              carve(&buffers, image, &whole, width, height, &scratch);
    if (ok) resample_rows(&buffers, image, height);
    for (int y = 0; ok && y < height; y++) {
        resample_line(&buffers, y);
        uint8_t *row = out->pixels + (size_t)y * (size_t)width * 4;
        for (size_t i = 0; i < 4 * (size_t)width; i++)
            row[i] = (uint8_t)(buffers.line[i] < 0     ? 0
                               : buffers.line[i] > 255 ? 255
                                                       : buffers.line[i] + 0.5F);
    }
    augment_free(&scratch);
    return ok;
}
