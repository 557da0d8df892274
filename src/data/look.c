/*
 * The perceptual hash is the one known as pHash (Zauner, "Implementation and benchmarking of perceptual
 * image hash functions", 2010): brightness at 32 x 32 pixels, its cosine transform, and of the 8 x 8
 * lowest frequencies but the mean, one bit each: whether it lies above their median. What survives
 * scaling, recompression and changes of brightness is the large shapes, and so are the bits.
 */
#include "data/look.h"

#include "base/hash.h"
#include "resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, FREQUENCIES = 8, BITS = FREQUENCIES * FREQUENCIES - 1 };

/* JPEG's rounding makes channels of a grey picture differ by this much. */
enum { GREY_TOLERANCE = 8 };

static int brightness(const uint8_t *pixel)
{
    return (77 * pixel[0] + 150 * pixel[1] + 29 * pixel[2] + 128) >> 8; /* ITU-R BT.601 */
}

/* --- all pixels --- */

static bool is_grey(const uint8_t *pixel)
{
    int r = pixel[0], g = pixel[1], b = pixel[2];
    return abs(r - g) <= GREY_TOLERANCE && abs(g - b) <= GREY_TOLERANCE &&
           abs(b - r) <= GREY_TOLERANCE;
}

static void look_at_pixels(Look *look, const Image *image)
{
    size_t count = (size_t)image->width * (size_t)image->height;
    uint64_t sum = 0, squares = 0;
    look->grey = true;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = image->pixels + 4 * i;
        uint64_t value = (uint64_t)brightness(pixel);
        sum += value;
        squares += value * value;
        look->grey = look->grey && is_grey(pixel);
    }
    double mean = (double)sum / (double)count;
    double variance = (double)squares / (double)count - mean * mean;
    look->deviation = variance > 0 ? sqrt(variance) : 0;
}

/* The fourth byte of a pixel is 255 whatever the format, so it may take part. */
static uint64_t hash_pixels(const Image *image)
{
    uint64_t part[3] = {(uint64_t)image->width, (uint64_t)image->height,
                        hash64(image->pixels, 4 * (size_t)image->width * (size_t)image->height)};
    return hash64(part, sizeof part);
}

/* --- the perceptual hash --- */

/* lowest (FREQUENCIES,FREQUENCIES) = basis * grey * transposed basis, where row u of the basis is the
 * cosine that goes through u half periods. */
static void transform(double lowest[FREQUENCIES][FREQUENCIES], double grey[SIDE][SIDE])
{
    double basis[FREQUENCIES][SIDE], columns[FREQUENCIES][SIDE] = {0};
    for (int u = 0; u < FREQUENCIES; u++)
        for (int x = 0; x < SIDE; x++) basis[u][x] = cos(M_PI * u * (2 * x + 1) / (2 * SIDE));
    for (int u = 0; u < FREQUENCIES; u++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) columns[u][x] += basis[u][y] * grey[y][x];
    for (int u = 0; u < FREQUENCIES; u++)
        for (int v = 0; v < FREQUENCIES; v++) {
            lowest[u][v] = 0;
            for (int x = 0; x < SIDE; x++) lowest[u][v] += columns[u][x] * basis[v][x];
        }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t hash_shapes(const Image *small)
{
    double grey[SIDE][SIDE], lowest[FREQUENCIES][FREQUENCIES];
    double sorted[BITS];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) grey[y][x] = brightness(small->pixels + 4 * (y * SIDE + x));
    transform(lowest, grey);
    const double *frequency = &lowest[0][0] + 1; /* without the mean */
    memcpy(sorted, frequency, sizeof sorted);
    qsort(sorted, BITS, sizeof *sorted, by_value);
    uint64_t bits = 0;
    for (int k = 0; k < BITS; k++) bits |= (uint64_t)(frequency[k] > sorted[BITS / 2]) << k;
    return bits;
}

bool look_at(Look *look, const Image *image, Image *scratch)
{
    look_at_pixels(look, image);
    look->pixels = hash_pixels(image);
    if (!resample_pixels(scratch, SIDE, SIDE, image)) return false;
    look->perceptual = hash_shapes(scratch);
    return true;
}

int look_distance(uint64_t a, uint64_t b)
{
    return __builtin_popcountll(a ^ b);
}
