/* From the network's input back to pixels. */
#include "data/augment.h"

#include <math.h>

static uint8_t to_byte(float x)
{
    return x < 0 ? 0 : x > 255 ? 255 : (uint8_t)lroundf(x);
}

void augment_show(Image *image, int left, int top, const float *input, int side,
                  const AugmentOptions *options)
{
    float scale[3], shift[3];
    augment_normalisation(options, scale, shift);
    for (int y = 0; y < side; y++) {
        uint8_t *pixels =
            image->pixels + 4 * ((size_t)(top + y) * (size_t)image->width + (size_t)left);
        const float *row = input + 3 * (size_t)y * (size_t)side;
        for (size_t x = 0; x < (size_t)side; x++)
            for (size_t c = 0; c < 3; c++)
                pixels[4 * x + c] = to_byte((row[3 * x + c] - shift[c]) / scale[c]);
    }
}
