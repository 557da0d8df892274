/*
 * Pictures for tests, drawn and encoded here with libjpeg and libpng themselves, so that the
 * decoder under test meets kinds that image_encode_jpeg does not write.
 */
#pragma once

#include "check.h"

#include "data/image.h"

#include <stdbool.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <png.h>

typedef struct Bytes {
    uint8_t *data; /* from malloc */
    size_t bytes;
} Bytes;

/* A plain generator, independent of base/random.h. */
static inline uint32_t next_word(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static inline int next_below(uint32_t *state, int below)
{
    return (int)(next_word(state) % (uint32_t)below);
}

/* Smooth colours with edges and some noise: (height,width,4). */
static inline Image paint(int width, int height, uint32_t seed)
{
    size_t bytes = (size_t)width * (size_t)height * 4;
    Image image = {.width = width, .height = height, .pixels = malloc(bytes), .capacity = bytes};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *pixel = image.pixels + 4 * ((size_t)y * (size_t)width + (size_t)x);
            int edge = ((x / 7 + y / 5) & 1) * 90, noise = next_below(&seed, 24);
            pixel[0] = (uint8_t)(edge + 140 * x / width + noise);
            pixel[1] = (uint8_t)(230 - 140 * y / height - noise - edge / 2);
            pixel[2] = (uint8_t)((x * 3 + y * 2 + noise) % 256);
            pixel[3] = 255;
        }
    return image;
}

typedef struct JpegKind {
    const char *name;
    J_COLOR_SPACE colours; /* JCS_YCbCr, JCS_GRAYSCALE, JCS_CMYK */
    int across, down;      /* sampling of the first component */
    bool progressive;
    int restart; /* rows of MCUs between restart markers; 0: none */
    bool arithmetic;
} JpegKind;

/* CMYK takes the picture's three colours as inverted inks and full black light. */
static inline Bytes make_jpeg(const Image *image, const JpegKind *kind, int quality)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long bytes = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &bytes);
    jpeg.image_width = (JDIMENSION)image->width;
    jpeg.image_height = (JDIMENSION)image->height;
    jpeg.input_components = 4;
    jpeg.in_color_space = kind->colours == JCS_CMYK ? JCS_CMYK : JCS_EXT_RGBX;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind->colours);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg.comp_info[0].h_samp_factor = kind->across;
    jpeg.comp_info[0].v_samp_factor = kind->down;
    jpeg.restart_in_rows = kind->restart;
    jpeg.arith_code = kind->arithmetic;
    if (kind->progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = image->pixels + 4 * (size_t)jpeg.next_scanline * (size_t)image->width;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (Bytes){data, bytes};
}

static inline void append(png_structp png, png_bytep data, size_t count)
{
    Bytes *out = png_get_io_ptr(png);
    out->data = realloc(out->data, out->bytes + count);
    memcpy(out->data + out->bytes, data, count);
    out->bytes += count;
}

typedef struct PngKind {
    const char *name;
    int colours; /* PNG_COLOR_TYPE_… */
    int depth;
    bool interlaced;
} PngKind;

/* `rows` as libpng takes them: packed for depths below 8, high byte first for 16. */
static inline Bytes make_png(int width, int height, const PngKind *kind, uint8_t *rows,
                             size_t pitch, const png_color *palette, int colours)
{
    Bytes out = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &out, append, NULL);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, kind->depth, kind->colours,
                 kind->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (palette) png_set_PLTE(png, info, palette, colours);
    png_write_info(png, info);
    png_bytep *row = malloc((size_t)height * sizeof *row);
    for (int y = 0; y < height; y++) row[y] = rows + (size_t)y * pitch;
    png_write_image(png, row);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    free(row);
    return out;
}

/* The picture as an 8-bit PNG without alpha. */
static inline Bytes make_rgb_png(const Image *image)
{
    size_t pixels = (size_t)image->width * (size_t)image->height;
    uint8_t *rgb = malloc(3 * pixels);
    for (size_t i = 0; i < pixels; i++) memcpy(rgb + 3 * i, image->pixels + 4 * i, 3);
    PngKind kind = {"rgb", PNG_COLOR_TYPE_RGB, 8, false};
    Bytes png =
        make_png(image->width, image->height, &kind, rgb, 3 * (size_t)image->width, NULL, 0);
    free(rgb);
    return png;
}
