/* Decoders and what they share; private to data. A new format is one file and one row in the table
 * of image.c. */
#pragma once

#include "data/image.h"

/* Bytes by which a kind of file is known. */
typedef struct Signature {
    size_t offset;
    const char *magic;
    size_t bytes;
} Signature;

typedef struct ImageFormat {
    Signature signature;
    /* Width and height as stored. */
    bool (*size)(const uint8_t *data, size_t bytes, int *width, int *height, Error *err);
    /* As image_decode, but everything as stored, before it is turned upright. */
    bool (*decode)(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                   int reduce, Error *err);
    /* The EXIF block within the file, with or without "Exif\0\0" before its TIFF header; NULL if
     * there is none. */
    const uint8_t *(*find_exif)(const uint8_t *data, size_t bytes, size_t *exif_bytes);
} ImageFormat;

extern const ImageFormat image_format_jpeg, image_format_png, image_format_webp;

bool signature_matches(const Signature *signature, const uint8_t *data, size_t bytes);

/* What a file that no decoder reads seems to be: adds the error. */
void image_report_foreign(const uint8_t *data, size_t bytes, Error *err);

/* Makes room for width x height pixels; false if there is no memory. */
bool image_resize_buffer(Image *image, int width, int height);
/* Sides must be from 1 to IMAGE_SIDE_MAX, pixels at most IMAGE_PIXELS_MAX. */
bool image_check_size(unsigned width, unsigned height, Error *err);
/* Pixels with alpha become opaque ones over white. */
void image_lay_over_white(Image *image);

/* Where in a line of pixels a region begins and ends, widened by `margin` and kept within 0 …
 * length; at least one pixel. */
typedef struct Span {
    int begin, end;
} Span;
Span image_span(int begin, int size, int margin, int length);

/* The orientation that an EXIF block states: 1 (upright) to 8. 1 if it states none. */
int exif_orientation(const uint8_t *exif, size_t bytes);

/* --- turning upright (image_orient.c); width and height are those of the stored picture --- */

/* Whether width and height change places. */
bool orient_swaps_sides(int orientation);
/* Which part of the stored picture holds `upright`, which may reach beyond the picture. */
Rect orient_to_stored(int orientation, Rect upright, int width, int height);
Rect orient_to_upright(int orientation, Rect stored, int width, int height);
/* False if there is no memory. */
bool orient_pixels(Image *image, int orientation);
