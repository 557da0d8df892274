/*
 * Decoding of one image: JPEG through libjpeg-turbo, PNG through libpng, WebP through libwebp, its
 * orientation through libexif; image_jpeg.c, image_png.c, image_webp.c and image_exif.c are the
 * only files that include their headers. Pictures are seen upright: all sizes and coordinates are
 * those after the turn that EXIF asks for. All calls are thread-safe.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Pixels are RGBX, so a picture takes at most 1 GiB. */
enum { IMAGE_SIDE_MAX = 32768, IMAGE_PIXELS_MAX = 1 << 28 };

typedef struct Rect {
    int x, y, width, height;
} Rect;

/* Pixels as RGBX, 4 bytes each, alpha over white. */
typedef struct Image {
    int width, height;
    uint8_t *pixels; /* (height, width, 4) */
    size_t capacity; /* bytes that `pixels` can hold: the buffer is reused and grows only when it
                        must */
    uint8_t *spare;  /* the other buffer when a picture is turned; the two change places */
    size_t spare_capacity;
} Image;

void image_free(Image *image);

/* Whether a file's name ends as a picture's does; the endings, for messages. */
bool image_has_extension(const char *name);
const char *image_extensions(void);

/* Width and height of the upright picture, from its headers alone. */
bool image_size(const uint8_t *data, size_t bytes, int *width, int *height, Error *err);

/* The orientation that EXIF data state, 1 (upright) to 8; 1 without. `has_exif`: whether there are any. */
int image_orientation(const uint8_t *data, size_t bytes, bool *has_exif);

/* Decodes at least `region` of the picture, at a scale of 1/reduce or larger (reduce: 1, 2, 4, 8;
 * JPEG uses DCT scaling, opaque WebP averages, all else is decoded at 1). On return `covered` tells
 * which rectangle of the full-size picture the pixels cover, so that the caller can map
 * coordinates; it may reach beyond the edges by less than `reduce`. A truncated or damaged stream
 * is an error, never grey filling. */
bool image_decode(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                  int reduce, Error *err);

/* A picture in memory: (height, width, 3) RGB bytes, rows `stride` bytes apart. */
typedef struct RgbPixels {
    const uint8_t *data;
    int width, height;
    size_t stride; /* at least 3 * width */
} RgbPixels;
/* Sets `image` to the picture. False if a side is out of range or there is no memory. */
bool image_from_rgb(Image *image, const RgbPixels *pixels, Error *err);

/* Encodes RGBX pixels as JPEG (4:2:0, standard tables, optimised coding) into memory from malloc.
 */
bool image_encode_jpeg(const Image *image, int quality, uint8_t **data, size_t *bytes, Error *err);

/* Encodes RGBX pixels as PNG, with their X as alpha, into memory from malloc. */
bool image_encode_png(const Image *image, uint8_t **data, size_t *bytes, Error *err);
/* The same as a file. */
bool image_write_png(const Image *image, const char *path, Error *err);

/* "libjpeg-turbo 2.1.5" */
const char *image_jpeg_library(void);
