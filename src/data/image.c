/* Which decoder reads a picture, its first bytes tell; EXIF tells how the result is turned. */
#include "data/image.h"

#include "image_formats.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const ImageFormat *const formats[] = {&image_format_jpeg, &image_format_png,
                                             &image_format_webp};

bool signature_matches(const Signature *signature, const uint8_t *data, size_t bytes)
{
    return bytes >= signature->offset + signature->bytes &&
           memcmp(data + signature->offset, signature->magic, signature->bytes) == 0;
}

static const ImageFormat *find_format(const uint8_t *data, size_t bytes, Error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (signature_matches(&formats[i]->signature, data, bytes)) return formats[i];
    image_report_foreign(data, bytes, err);
    return NULL;
}

static int orientation_of(const ImageFormat *format, const uint8_t *data, size_t bytes)
{
    size_t exif_bytes;
    const uint8_t *exif = format->find_exif(data, bytes, &exif_bytes);
    return exif ? exif_orientation(exif, exif_bytes) : 1;
}

/* --- pixels --- */

void image_free(Image *image)
{
    free(image->pixels);
    free(image->spare);
    *image = (Image){0};
}

bool image_resize_buffer(Image *image, int width, int height)
{
    size_t bytes = (size_t)width * (size_t)height * 4;
    image->width = width;
    image->height = height;
    if (bytes <= image->capacity) return true;
    free(image->pixels);
    image->pixels = malloc(bytes);
    image->capacity = image->pixels ? bytes : 0;
    return image->pixels != NULL;
}

bool image_check_size(unsigned width, unsigned height, Error *err)
{
    if (width < 1 || height < 1 || width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX)
        return error_set(err, ERROR_DATA, "is %u x %u pixels; sides from 1 to %d are possible",
                         width, height, IMAGE_SIDE_MAX);
    return (size_t)width * height <= IMAGE_PIXELS_MAX ||
           error_set(err, ERROR_DATA, "is %u x %u pixels; at most %d together are possible", width,
                     height, IMAGE_PIXELS_MAX);
}

void image_lay_over_white(Image *image)
{
    uint8_t *end = image->pixels + (size_t)image->width * (size_t)image->height * 4;
    for (uint8_t *pixel = image->pixels; pixel < end; pixel += 4) {
        int alpha = pixel[3];
        for (int c = 0; c < 3 && alpha < 255; c++)
            pixel[c] = (uint8_t)((pixel[c] * alpha + 255 * (255 - alpha) + 127) / 255);
        pixel[3] = 255;
    }
}

bool image_from_rgb(Image *image, const RgbPixels *pixels, Error *err)
{
    int width = pixels->width, height = pixels->height;
    if (!image_check_size((unsigned)width, (unsigned)height, err)) return false;
    if (!image_resize_buffer(image, width, height))
        return error_set(err, ERROR_SYSTEM, "no memory for %d x %d pixels", width, height);
    uint8_t *out = image->pixels;
    for (int y = 0; y < height; y++) {
        const uint8_t *in = pixels->data + (size_t)y * pixels->stride;
        for (int x = 0; x < width; x++, in += 3, out += 4) {
            memcpy(out, in, 3);
            out[3] = 255;
        }
    }
    return true;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

Span image_span(int begin, int size, int margin, int length)
{
    int first = clamp(begin - margin, 0, length - 1);
    return (Span){first, clamp(begin + size + margin, first + 1, length)};
}

/* --- reading --- */

bool image_size(const uint8_t *data, size_t bytes, int *width, int *height, Error *err)
{
    const ImageFormat *format = find_format(data, bytes, err);
    if (!format) return false;
    bool swaps = orient_swaps_sides(orientation_of(format, data, bytes));
    return format->size(data, bytes, swaps ? height : width, swaps ? width : height, err);
}

int image_orientation(const uint8_t *data, size_t bytes, bool *has_exif)
{
    size_t exif_bytes;
    const ImageFormat *format = find_format(data, bytes, &(Error){0});
    const uint8_t *exif = format ? format->find_exif(data, bytes, &exif_bytes) : NULL;
    *has_exif = exif != NULL;
    return exif ? exif_orientation(exif, exif_bytes) : 1;
}

static bool decode_turned(const ImageFormat *format, int orientation, Image *image, Rect *covered,
                          const uint8_t *data, size_t bytes, Rect region, int reduce, Error *err)
{
    int width, height;
    if (!format->size(data, bytes, &width, &height, err)) return false;
    Rect stored = orient_to_stored(orientation, region, width, height);
    if (!format->decode(image, covered, data, bytes, stored, reduce, err)) return false;
    *covered = orient_to_upright(orientation, *covered, width, height);
    return orient_pixels(image, orientation) ||
           error_set(err, ERROR_SYSTEM, "no memory to turn %d x %d pixels upright", width, height);
}

bool image_decode(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                  int reduce, Error *err)
{
    const ImageFormat *format = find_format(data, bytes, err);
    if (!format) return false;
    int orientation = orientation_of(format, data, bytes);
    if (orientation == 1) return format->decode(image, covered, data, bytes, region, reduce, err);
    return decode_turned(format, orientation, image, covered, data, bytes, region, reduce, err);
}

/* --- names --- */

static const char *const extensions[] = {".jpg", ".jpeg", ".png", ".webp"};

bool image_has_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++)
        if (strcasecmp(dot, extensions[i]) == 0) return true;
    return false;
}

const char *image_extensions(void)
{
    return ".jpg, .jpeg, .png, .webp";
}
