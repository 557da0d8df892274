/*
 * Pictures for tests, drawn and encoded here with libjpeg, libpng and libwebp themselves, so that
 * the decoder under test meets kinds that image_encode_jpeg does not write; and how regions of them
 * are checked.
 */
#pragma once

#include "check.h"

#include "data/image.h"

#include <stdbool.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

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

enum { CODING_PROGRESSIVE = 1, CODING_ARITHMETIC = 2 }; /* 0: baseline, Huffman */

typedef struct JpegKind {
    const char *name;
    J_COLOR_SPACE colours; /* JCS_YCbCr, JCS_RGB, JCS_GRAYSCALE, JCS_CMYK, JCS_YCCK */
    int across, down;      /* sampling of the first component */
    int coding;            /* CODING_…, added up */
    int restart;           /* rows of MCUs between restart markers; 0: none */
} JpegKind;

static inline bool has_four_inks(const JpegKind *kind)
{
    return kind->colours == JCS_CMYK || kind->colours == JCS_YCCK;
}

/* CMYK and YCCK take the picture's three colours as inverted inks and full black light. */
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
    jpeg.in_color_space = has_four_inks(kind) ? JCS_CMYK : JCS_EXT_RGBX;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind->colours);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg.comp_info[0].h_samp_factor = kind->across;
    jpeg.comp_info[0].v_samp_factor = kind->down;
    jpeg.restart_in_rows = kind->restart;
    jpeg.arith_code = (kind->coding & CODING_ARITHMETIC) != 0;
    if (kind->coding & CODING_PROGRESSIVE) jpeg_simple_progression(&jpeg);
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
    /* chunk tRNS: alpha of the first entries of the palette, or the colour that is transparent */
    const uint8_t *entry_alpha;
    int entries;
    const png_color_16 *transparent;
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
    if (kind->entry_alpha || kind->transparent)
        png_set_tRNS(png, info, kind->entry_alpha, kind->entries, kind->transparent);
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
    PngKind kind = {.name = "rgb", .colours = PNG_COLOR_TYPE_RGB, .depth = 8};
    Bytes png =
        make_png(image->width, image->height, &kind, rgb, 3 * (size_t)image->width, NULL, 0);
    free(rgb);
    return png;
}

/* CRC-32 as PNG has it. */
static inline uint32_t png_checksum(const uint8_t *data, size_t bytes)
{
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
    }
    return ~crc;
}

/* The fourth channel is alpha. quality: 0 … 100, or LOSSLESS. */
enum { LOSSLESS = -1 };
static inline Bytes make_webp(const Image *image, int quality)
{
    uint8_t *data = NULL;
    int pitch = 4 * image->width;
    size_t bytes = quality == LOSSLESS ? WebPEncodeLosslessRGBA(image->pixels, image->width,
                                                                image->height, pitch, &data)
                                       : WebPEncodeRGBA(image->pixels, image->width, image->height,
                                                        pitch, (float)quality, &data);
    assert_true(bytes > 0);
    Bytes out = {malloc(bytes), bytes};
    memcpy(out.data, data, bytes);
    WebPFree(data);
    return out;
}

/* --- regions --- */

static inline Rect whole(int width, int height)
{
    return (Rect){0, 0, width, height};
}

static inline void decode(Image *image, Rect *covered, Bytes file, Rect region, int reduce)
{
    Error err = {0};
    image_decode(image, covered, file.data, file.bytes, region, reduce, &err);
    check_no_error(&err);
}

static inline bool decodes(Bytes file, Error *err)
{
    Image image = {0};
    Rect covered;
    *err = (Error){0};
    bool ok = image_decode(&image, &covered, file.data, file.bytes,
                           whole(IMAGE_SIDE_MAX, IMAGE_SIDE_MAX), 1, err);
    image_free(&image);
    assert_int_equal(ok, err->kind == ERROR_NONE);
    return ok;
}

/* Some pixels and the part of the picture that they cover. */
typedef struct Decoded {
    Image image;
    Rect covered;
} Decoded;

/* `part` covers `region`, and what lies in it is within `tolerance` of `full`, both at 1/reduce. */
static inline void check_region(const Decoded *full, const Decoded *part, Rect region, int reduce,
                                int tolerance, const char *name)
{
    int right = region.x + region.width, bottom = region.y + region.height;
    Rect covered = part->covered;
    assert_true(covered.x <= region.x && covered.y <= region.y);
    assert_true(covered.x + covered.width >= right && covered.y + covered.height >= bottom);
    assert_int_equal(covered.width, part->image.width * reduce);
    assert_int_equal(covered.height, part->image.height * reduce);
    for (int row = 0; row < part->image.height; row++)
        for (int column = 0; column < part->image.width; column++) {
            int x = covered.x + column * reduce, y = covered.y + row * reduce;
            if (x + reduce <= region.x || x >= right || y + reduce <= region.y || y >= bottom)
                continue;
            int from_left = x - full->covered.x, from_top = y - full->covered.y;
            assert_int_equal(from_left % reduce, 0);
            assert_int_equal(from_top % reduce, 0);
            const uint8_t *a =
                full->image.pixels + 4 * ((size_t)(from_top / reduce) * (size_t)full->image.width +
                                          (size_t)(from_left / reduce));
            const uint8_t *b =
                part->image.pixels + 4 * ((size_t)row * (size_t)part->image.width + (size_t)column);
            for (int c = 0; c < 4; c++)
                if (abs(a[c] - b[c]) > tolerance)
                    fail_msg("%s: 1/%d, region %d,%d %dx%d: pixel %d,%d differs", name, reduce,
                             region.x, region.y, region.width, region.height, x, y);
        }
}

/* Random regions of a picture against the whole, at each scale up to 1/reduce_most; below 1 they may
 * differ by `tolerance`. */
static inline void check_regions(Bytes file, int width, int height, int reduce_most, int regions,
                                 int tolerance, const char *name)
{
    uint32_t random = 7;
    Decoded full = {0}, part = {0};
    for (int reduce = 1; reduce <= reduce_most; reduce *= 2) {
        decode(&full.image, &full.covered, file, whole(width, height), reduce);
        for (int i = 0; i < regions; i++) {
            Rect region = {next_below(&random, width - 7), next_below(&random, height - 7), 0, 0};
            region.width = 1 + next_below(&random, width - region.x);
            region.height = 1 + next_below(&random, height - region.y);
            decode(&part.image, &part.covered, file, region, reduce);
            check_region(&full, &part, region, reduce, reduce > 1 ? tolerance : 0, name);
        }
    }
    image_free(&full.image);
    image_free(&part.image);
}

/* --- damage --- */

/* Each beginning of a file is refused with `text`; the last `spare` bytes may be missing. */
static inline void check_cuts(Bytes file, size_t spare, const char *text, const char *name)
{
    Error err;
    assert_true(decodes(file, &err));
    for (size_t length = 12; length + spare < file.bytes; length += 1 + file.bytes / 150) {
        /* an own block, so that reading behind its end is seen */
        Bytes cut = {malloc(length), length};
        memcpy(cut.data, file.data, length);
        if (decodes(cut, &err))
            fail_msg("%s: %zu of %zu bytes pass for a whole file", name, length, file.bytes);
        check_error(&err, text);
        assert_int_equal(err.count, 1);
        assert_null(strchr(err.text, '\n'));
        free(cut.data);
    }
}

/* Flips bytes behind `header`. Nothing is promised but that decoding ends and stays within its
 * memory. */
static inline void check_flips(Bytes file, int header)
{
    uint32_t random = 11;
    Error err;
    for (int i = 0; i < 150; i++) {
        Bytes copy = {malloc(file.bytes), file.bytes};
        memcpy(copy.data, file.data, file.bytes);
        copy.data[header + next_below(&random, (int)file.bytes - header)] ^=
            (uint8_t)(1 + next_below(&random, 255));
        decodes(copy, &err);
        free(copy.data);
    }
}
