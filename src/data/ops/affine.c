/* Rotation, shear, shift and zoom: each pixel is looked up where it comes from, between four neighbours. */
#include "frame.h"

#include <math.h>
#include <string.h>

static int clamp(int i, int side)
{
    return i < 0 ? 0 : i >= side ? side - 1 : i;
}

/* The picture at (x,y), pixels from its corner; pixel centres lie at halves. */
static void sample(const Frame *frame, double x, double y, uint8_t *out)
{
    int side = frame->side;
    if (x < 0 || y < 0 || x >= side || y >= side) {
        memcpy(out, frame->fill, 4);
        return;
    }
    int left = (int)floor(x - 0.5), top = (int)floor(y - 0.5);
    double right_share = x - 0.5 - left, bottom_share = y - 0.5 - top;
    const uint8_t *pixels = frame->image->pixels;
    size_t line = 4 * (size_t)side;
    size_t x0 = 4 * (size_t)clamp(left, side), x1 = 4 * (size_t)clamp(left + 1, side);
    const uint8_t *above = pixels + (size_t)clamp(top, side) * line,
                  *below = pixels + (size_t)clamp(top + 1, side) * line;
    for (size_t c = 0; c < 3; c++) {
        double a = above[x0 + c] + right_share * (above[x1 + c] - above[x0 + c]);
        double b = below[x0 + c] + right_share * (below[x1 + c] - below[x0 + c]);
        out[c] = (uint8_t)(a + bottom_share * (b - a) + 0.5);
    }
}

void frame_affine(Frame *frame, const double m[6])
{
    for (int row = 0; row < frame->side; row++)
        for (int column = 0; column < frame->side; column++) {
            double x = column + 0.5, y = row + 0.5;
            sample(frame, m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5],
                   frame->spare->pixels + 4 * ((size_t)row * (size_t)frame->side + (size_t)column));
        }
    frame_swap(frame);
}

/* The linear map (a b; c d) about the centre. */
static void about_centre(Frame *frame, double a, double b, double c, double d)
{
    double centre = frame->side / 2.0;
    const double matrix[6] = {a, b, centre - (a + b) * centre, c, d, centre - (c + d) * centre};
    frame_affine(frame, matrix);
}

void frame_rotate(Frame *frame, double degrees)
{
    double angle = degrees * 3.14159265358979323846 / 180, cosine = cos(angle), sine = sin(angle);
    about_centre(frame, cosine, -sine, sine, cosine);
}

void frame_zoom(Frame *frame, double factor)
{
    about_centre(frame, 1 / factor, 0, 0, 1 / factor);
}
