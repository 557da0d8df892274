/* Decoders; private to data. A new format is one file and one row in the table of image.c. */
#pragma once

#include "data/image.h"

typedef struct ImageFormat {
    const uint8_t *magic; /* how its files begin */
    size_t magic_bytes;
    bool (*size)(const uint8_t *data, size_t bytes, int *width, int *height, Error *err);
    /* As image_decode. */
    bool (*decode)(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                   int reduce, Error *err);
} ImageFormat;

extern const ImageFormat image_format_jpeg, image_format_png;

/* Makes room for width x height pixels; false if there is no memory. */
bool image_resize_buffer(Image *image, int width, int height);
/* Sides must be from 1 to IMAGE_SIDE_MAX. */
bool image_check_size(unsigned width, unsigned height, Error *err);
