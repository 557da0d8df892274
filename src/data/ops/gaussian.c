/* Gaussian blur, along rows and then along columns. */
#include "frame.h"

#include <math.h>

enum { RADIUS_MAX = 64 };

/* weight[0 … radius] of a Gaussian, its whole sum 1. Returns the radius. */
static int make_weights(double weight[RADIUS_MAX + 1], double sigma, int side)
{
    int radius = (int)ceil(3 * sigma);
    if (radius > RADIUS_MAX) radius = RADIUS_MAX;
    if (radius > side - 1) radius = side - 1; /* a mirror shows no more */
    double sum = 0;
    for (int i = 0; i <= radius; i++) {
        weight[i] = exp(-0.5 * (i / sigma) * (i / sigma));
        sum += i == 0 ? weight[i] : 2 * weight[i];
    }
    for (int i = 0; i <= radius; i++) weight[i] /= sum;
    return radius;
}

/* Mirrored at the middle of the outermost pixel. */
static int mirrored(int i, int side)
{
    if (i < 0) i = -i;
    return i >= side ? 2 * (side - 1) - i : i;
}

/* out = in (side pixels, `step` bytes apart) blurred, rounded to bytes. */
static void blur_line(uint8_t *out, const uint8_t *in, size_t step, int side, const double *weight,
                      int radius)
{
    for (int i = 0; i < side; i++)
        for (size_t c = 0; c < 3; c++) {
            double sum = weight[0] * in[(size_t)i * step + c];
            for (int k = 1; k <= radius; k++)
                sum += weight[k] * (in[(size_t)mirrored(i - k, side) * step + c] +
                                    in[(size_t)mirrored(i + k, side) * step + c]);
            out[(size_t)i * step + c] = (uint8_t)(sum + 0.5);
        }
}

void frame_gaussian(Frame *frame, double sigma)
{
    double weight[RADIUS_MAX + 1] = {0};
    int radius = make_weights(weight, sigma, frame->side);
    size_t line = 4 * (size_t)frame->side;
    for (size_t y = 0; y < (size_t)frame->side; y++)
        blur_line(frame->spare->pixels + y * line, frame->image->pixels + y * line, 4, frame->side,
                  weight, radius);
    frame_swap(frame);
    for (size_t x = 0; x < (size_t)frame->side; x++)
        blur_line(frame->spare->pixels + 4 * x, frame->image->pixels + 4 * x, line, frame->side,
                  weight, radius);
    frame_swap(frame);
}
