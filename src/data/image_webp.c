/*
 * WebP through libwebp; the only file that includes webp/decode.h. Of opaque pictures only the
 * region is turned into pixels, and those are scaled down on the way; with alpha the library would
 * scale colours that are not seen into those that are, so such pictures are decoded at 1.
 */
#include "image_formats.h"

#include <string.h>
#include <webp/decode.h>

static const char *why(VP8StatusCode status)
{
    switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return "premature end of the file";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return "it uses a feature that libwebp does not know";
    default:
        return "its data is not as the format demands";
    }
}

static bool failed(VP8StatusCode status, Error *err)
{
    if (status == VP8_STATUS_OUT_OF_MEMORY)
        return error_set(err, ERROR_SYSTEM, "no memory for libwebp");
    return error_set(err, ERROR_DATA, "is a damaged WebP: %s", why(status));
}

static bool read_features(WebPBitstreamFeatures *features, const uint8_t *data, size_t bytes,
                          Error *err)
{
    VP8StatusCode status = WebPGetFeatures(data, bytes, features);
    if (status != VP8_STATUS_OK) return failed(status, err);
    if (features->has_animation)
        return error_set(err, ERROR_DATA,
                         "is an animated WebP; convert one of its frames to JPEG, PNG or WebP");
    return image_check_size((unsigned)features->width, (unsigned)features->height, err);
}

static bool read_size(const uint8_t *data, size_t bytes, int *width, int *height, Error *err)
{
    WebPBitstreamFeatures features;
    if (!read_features(&features, data, bytes, err)) return false;
    *width = features.width;
    *height = features.height;
    return true;
}

/* Upsampling of chroma looks at neighbours within the crop. */
enum { MARGIN = 2 };

/* Begins and ends at multiples of `step`, or at the edge of the picture. */
static Span aligned_span(int begin, int size, int step, int length)
{
    Span span = image_span(begin, size, MARGIN, length);
    span.begin = span.begin / step * step;
    span.end = (span.end + step - 1) / step * step;
    if (span.end > length) span.end = length;
    return span;
}

/* The library crops at even places only: chroma has half the resolution. */
static Rect crop_for(Rect region, int reduce, int width, int height)
{
    int step = reduce < 2 ? 2 : reduce;
    Span across = aligned_span(region.x, region.width, step, width);
    Span down = aligned_span(region.y, region.height, step, height);
    return (Rect){across.begin, down.begin, across.end - across.begin, down.end - down.begin};
}

static void set_options(WebPDecoderConfig *config, Rect crop, Image *image)
{
    WebPDecoderOptions *options = &config->options;
    options->use_cropping = 1;
    options->crop_left = crop.x;
    options->crop_top = crop.y;
    options->crop_width = crop.width;
    options->crop_height = crop.height;
    options->use_scaling = image->width != crop.width || image->height != crop.height;
    options->scaled_width = image->width;
    options->scaled_height = image->height;
    size_t pitch = 4 * (size_t)image->width;
    config->output.colorspace = MODE_RGBA;
    config->output.is_external_memory = 1;
    config->output.u.RGBA =
        (WebPRGBABuffer){image->pixels, (int)pitch, pitch * (size_t)image->height};
}

static bool decode(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                   int reduce, Error *err)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return error_set(err, ERROR_SYSTEM, "libwebp is of another version than at compile time");
    WebPBitstreamFeatures *features = &config.input;
    if (!read_features(features, data, bytes, err)) return false;
    if (features->has_alpha) reduce = 1;
    Rect crop = crop_for(region, reduce, features->width, features->height);
    int width = (crop.width + reduce - 1) / reduce, height = (crop.height + reduce - 1) / reduce;
    if (!image_resize_buffer(image, width, height))
        return error_set(err, ERROR_SYSTEM, "no memory for %d x %d pixels", width, height);
    set_options(&config, crop, image);
    VP8StatusCode status = WebPDecode(data, bytes, &config);
    if (status != VP8_STATUS_OK) return failed(status, err);
    if (features->has_alpha) image_lay_over_white(image);
    *covered = crop;
    return true;
}

/* "RIFF", length, "WEBP", then chunks: name, length (low byte first), data, padding to even. */
static const uint8_t *find_exif(const uint8_t *data, size_t bytes, size_t *exif_bytes)
{
    for (size_t at = 12; at + 8 <= bytes;) {
        const uint8_t *chunk = data + at;
        size_t length =
            chunk[4] | (size_t)chunk[5] << 8 | (size_t)chunk[6] << 16 | (size_t)chunk[7] << 24;
        if (length > bytes - at - 8) return NULL;
        if (memcmp(chunk, "EXIF", 4) == 0) {
            *exif_bytes = length;
            return chunk + 8;
        }
        at += 8 + length + (length & 1);
    }
    return NULL;
}

const ImageFormat image_format_webp = {{8, "WEBP", 4}, read_size, decode, find_exif};
