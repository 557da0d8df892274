/* Colour as Pillow's ImageEnhance defines it: a picture and what is left when a quality of it is gone,
 * blended, or parted further if the factor is above 1. */
#include "frame.h"

#include <math.h>
#include <string.h>

void frame_swap(Frame *frame)
{
    Image *image = frame->image;
    frame->image = frame->spare;
    frame->spare = image;
}

static size_t bytes_of(const Frame *frame)
{
    return 4 * (size_t)frame->side * (size_t)frame->side;
}

static uint8_t clip(float x)
{
    return x <= 0 ? 0 : x >= 255 ? 255 : (uint8_t)x;
}

/* Rounds down, as Pillow does. */
static uint8_t blend(int without, int with, float factor)
{
    return clip((float)without + factor * (float)(with - without));
}

/* ITU-R 601 in 16 bits. */
static int luma(const uint8_t *pixel)
{
    return (pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16;
}

static void blend_with_grey(Frame *frame, int grey, double factor)
{
    uint8_t *pixel = frame->image->pixels;
    for (size_t i = 0; i < bytes_of(frame); i++)
        if (i % 4 != 3) pixel[i] = blend(grey, pixel[i], (float)factor);
}

void frame_brightness(Frame *frame, double factor)
{
    blend_with_grey(frame, 0, factor);
}

void frame_contrast(Frame *frame, double factor)
{
    int64_t sum = 0;
    for (size_t i = 0; i < bytes_of(frame); i += 4) sum += luma(frame->image->pixels + i);
    double mean = (double)sum / ((double)bytes_of(frame) / 4);
    blend_with_grey(frame, (int)(mean + 0.5), factor);
}

void frame_saturation(Frame *frame, double factor)
{
    for (size_t i = 0; i < bytes_of(frame); i += 4) {
        uint8_t *pixel = frame->image->pixels + i;
        int grey = luma(pixel);
        for (int c = 0; c < 3; c++) pixel[c] = blend(grey, pixel[c], (float)factor);
    }
}

/* The mean of 3 x 3 pixels in which the middle one counts five times; pixels at the edge stay. */
static int smoothed(const Frame *frame, int x, int y, int channel)
{
    size_t line = 4 * (size_t)frame->side;
    const uint8_t *at = frame->image->pixels + (size_t)y * line + 4 * (size_t)x + channel;
    if (x == 0 || y == 0 || x == frame->side - 1 || y == frame->side - 1) return *at;
    const uint8_t *above = at - line, *below = at + line;
    int sum = above[-4] + above[0] + above[4] + at[-4] + 5 * at[0] + at[4] + below[-4] + below[0] +
              below[4];
    return (2 * sum + 13) / 26; /* sum / 13, rounded */
}

void frame_sharpness(Frame *frame, double factor)
{
    for (int y = 0; y < frame->side; y++)
        for (int x = 0; x < frame->side; x++)
            for (int c = 0; c < 3; c++) {
                size_t at = 4 * ((size_t)y * (size_t)frame->side + (size_t)x) + (size_t)c;
                frame->spare->pixels[at] =
                    blend(smoothed(frame, x, y, c), frame->image->pixels[at], (float)factor);
            }
    frame_swap(frame);
}

/* Between the corners of the colour hexagon, 0 … 6; the least and the largest channel span `chroma`. */
static double hue_of(const double rgb[3], double largest, double chroma)
{
    double hue = largest == rgb[0]   ? (rgb[1] - rgb[2]) / chroma
                 : largest == rgb[1] ? 2 + (rgb[2] - rgb[0]) / chroma
                                     : 4 + (rgb[0] - rgb[1]) / chroma;
    return hue < 0 ? hue + 6 : hue;
}

void frame_hue(Frame *frame, double turn)
{
    for (size_t i = 0; i < bytes_of(frame); i += 4) {
        uint8_t *pixel = frame->image->pixels + i;
        double rgb[3] = {pixel[0], pixel[1], pixel[2]};
        double largest = fmax(rgb[0], fmax(rgb[1], rgb[2]));
        double least = fmin(rgb[0], fmin(rgb[1], rgb[2])), chroma = largest - least;
        if (chroma == 0) continue;
        double hue = hue_of(rgb, largest, chroma) + 6 * turn;
        for (int c = 0; c < 3; c++) {
            /* how far the hue is from where this channel is at its largest: red 0, green 2, blue 4 */
            double off = fabs(remainder(hue - 2 * c, 6));
            double share = off <= 1 ? 1 : off >= 2 ? 0 : 2 - off;
            pixel[c] = (uint8_t)(least + chroma * share + 0.5);
        }
    }
}
