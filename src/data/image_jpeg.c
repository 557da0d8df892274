/*
 * JPEG through libjpeg-turbo; the only file that includes jpeglib.h. Only the rows and, in steps of
 * iMCUs, the columns of the region are decoded. The library reports errors by longjmp; functions
 * that call setjmp keep nothing in local variables that must survive it.
 */
#include "image_formats.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

/* jpeglib.h must come after stdio.h and size_t. */

typedef struct JpegErrors {
    struct jpeg_error_mgr manager; /* first: the library hands us its address */
    jmp_buf jump;
    char text[JMSG_LENGTH_MAX];
} JpegErrors;

static void on_error(j_common_ptr info)
{
    JpegErrors *errors = (JpegErrors *)info->err;
    info->err->format_message(info, errors->text);
    longjmp(errors->jump, 1);
}

/* Warnings mean damaged data (a premature end, a bad code): grey filling would follow. */
static void on_message(j_common_ptr info, int level)
{
    if (level < 0) on_error(info);
}

static void install_errors(struct jpeg_common_struct *info, JpegErrors *errors)
{
    info->err = jpeg_std_error(&errors->manager);
    errors->manager.error_exit = on_error;
    errors->manager.emit_message = on_message;
    errors->text[0] = 0;
}

static void open_source(struct jpeg_decompress_struct *jpeg, const uint8_t *data, size_t bytes)
{
    jpeg_mem_src(jpeg, data, (unsigned long)bytes);
    jpeg_read_header(jpeg, TRUE);
}

static bool read_size(const uint8_t *data, size_t bytes, int *width, int *height, Error *err)
{
    struct jpeg_decompress_struct jpeg = {0};
    JpegErrors errors;
    install_errors((struct jpeg_common_struct *)&jpeg, &errors);
    bool ok = false;
    if (setjmp(errors.jump) == 0) {
        jpeg_create_decompress(&jpeg);
        open_source(&jpeg, data, bytes);
        ok = image_check_size(jpeg.image_width, jpeg.image_height, err);
        *width = (int)jpeg.image_width;
        *height = (int)jpeg.image_height;
    } else {
        error_set(err, ERROR_DATA, "is a damaged JPEG: %s", errors.text);
    }
    jpeg_destroy_decompress(&jpeg);
    return ok;
}

/* --- decoding --- */

/* A decoding under way; lives outside the function that calls setjmp. */
typedef struct JpegJob {
    struct jpeg_decompress_struct jpeg;
    JpegErrors errors;
    Image *image;
    Rect *covered;
    Rect region;
    int reduce;
    uint8_t *cmyk_row;
} JpegJob;

/* Full-size coordinates to those of the reduced picture, outwards, with a margin for the upsampling
 * of chroma, which looks at neighbours. */
enum { MARGIN = 2 };

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void row_range(const JpegJob *job, int *begin, int *end)
{
    int height = (int)job->jpeg.output_height;
    *begin = clamp(job->region.y / job->reduce - MARGIN, 0, height - 1);
    *end = clamp((job->region.y + job->region.height + job->reduce - 1) / job->reduce + MARGIN,
                 *begin + 1, height);
}

/* Asks for the columns; the library widens the range to whole iMCUs. */
static void crop_columns(JpegJob *job, JDIMENSION *left, JDIMENSION *width)
{
    int whole = (int)job->jpeg.output_width;
    int begin = clamp(job->region.x / job->reduce - MARGIN, 0, whole - 1);
    int end = clamp((job->region.x + job->region.width + job->reduce - 1) / job->reduce + MARGIN,
                    begin + 1, whole);
    *left = (JDIMENSION)begin;
    *width = (JDIMENSION)(end - begin);
    if (*width < job->jpeg.output_width) jpeg_crop_scanline(&job->jpeg, left, width);
}

/* Adobe's CMYK is stored inverted: 255 is no ink. */
static void cmyk_to_rgbx(uint8_t *out, const uint8_t *in, int width, bool inverted)
{
    for (int x = 0; x < width; x++, in += 4, out += 4) {
        int k = inverted ? in[3] : 255 - in[3];
        for (int c = 0; c < 3; c++) {
            int ink = inverted ? in[c] : 255 - in[c];
            out[c] = (uint8_t)((ink * k + 127) / 255);
        }
        out[3] = 255;
    }
}

static void read_rows(JpegJob *job, int rows)
{
    size_t pitch = (size_t)job->image->width * 4;
    bool cmyk = job->jpeg.out_color_space == JCS_CMYK;
    for (int y = 0; y < rows; y++) {
        uint8_t *row = job->image->pixels + (size_t)y * pitch;
        JSAMPROW target = cmyk ? job->cmyk_row : row;
        jpeg_read_scanlines(&job->jpeg, &target, 1);
        if (cmyk) cmyk_to_rgbx(row, job->cmyk_row, job->image->width, job->jpeg.saw_Adobe_marker);
    }
}

static void start(JpegJob *job)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    bool four_inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = four_inks ? JCS_CMYK : JCS_EXT_RGBX;
    jpeg->scale_num = 1;
    jpeg->scale_denom = (unsigned)job->reduce;
    jpeg_start_decompress(jpeg);
}

static bool decode_region(JpegJob *job, Error *err)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    if (!image_check_size(jpeg->image_width, jpeg->image_height, err)) return false;
    start(job);
    int top, bottom;
    JDIMENSION left, width;
    crop_columns(job, &left, &width);
    row_range(job, &top, &bottom);
    if (!image_resize_buffer(job->image, (int)width, bottom - top))
        return error_set(err, ERROR_SYSTEM, "no memory for %u x %d pixels", width, bottom - top);
    if (jpeg->out_color_space == JCS_CMYK && !(job->cmyk_row = malloc((size_t)width * 4)))
        return error_set(err, ERROR_SYSTEM, "no memory for a row of %u pixels", width);
    if (top > 0) jpeg_skip_scanlines(jpeg, (JDIMENSION)top);
    read_rows(job, bottom - top);
    *job->covered = (Rect){(int)left * job->reduce, top * job->reduce, (int)width * job->reduce,
                           (bottom - top) * job->reduce};
    /* Rows below the region are not decoded; a file cut off there is still whole for this crop. */
    return true;
}

static bool run_job(JpegJob *job, const uint8_t *data, size_t bytes, Error *err)
{
    if (setjmp(job->errors.jump) != 0)
        return error_set(err, ERROR_DATA, "is a damaged JPEG: %s", job->errors.text);
    jpeg_create_decompress(&job->jpeg);
    open_source(&job->jpeg, data, bytes);
    return decode_region(job, err);
}

static bool decode(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                   int reduce, Error *err)
{
    JpegJob job = {.image = image, .covered = covered, .region = region, .reduce = reduce};
    install_errors((struct jpeg_common_struct *)&job.jpeg, &job.errors);
    bool ok = run_job(&job, data, bytes, err);
    jpeg_destroy_decompress(&job.jpeg);
    free(job.cmyk_row);
    return ok;
}

static const uint8_t magic[] = {0xFF, 0xD8, 0xFF};

const ImageFormat image_format_jpeg = {magic, sizeof magic, read_size, decode};

/* --- encoding --- */

typedef struct EncodeJob {
    struct jpeg_compress_struct jpeg;
    JpegErrors errors;
    unsigned char *data;
    unsigned long bytes;
} EncodeJob;

static bool run_encode(EncodeJob *job, const Image *image, int quality, Error *err)
{
    if (setjmp(job->errors.jump) != 0)
        return error_set(err, ERROR_SYSTEM, "cannot encode as JPEG: %s", job->errors.text);
    struct jpeg_compress_struct *jpeg = &job->jpeg;
    jpeg_create_compress(jpeg);
    jpeg_mem_dest(jpeg, &job->data, &job->bytes);
    jpeg->image_width = (JDIMENSION)image->width;
    jpeg->image_height = (JDIMENSION)image->height;
    jpeg->input_components = 4;
    jpeg->in_color_space = JCS_EXT_RGBX;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    jpeg->optimize_coding = TRUE;
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = image->pixels + (size_t)jpeg->next_scanline * (size_t)image->width * 4;
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return true;
}

bool image_encode_jpeg(const Image *image, int quality, uint8_t **data, size_t *bytes, Error *err)
{
    EncodeJob job = {0};
    install_errors((struct jpeg_common_struct *)&job.jpeg, &job.errors);
    bool ok = run_encode(&job, image, quality, err);
    jpeg_destroy_compress(&job.jpeg);
    if (!ok) {
        free(job.data);
        return false;
    }
    *data = job.data;
    *bytes = job.bytes;
    return true;
}

/* 2001005 is 2.1.5. */
const char *image_jpeg_library(void)
{
    static char text[48];
    snprintf(text, sizeof text, "libjpeg-turbo %d.%d.%d", LIBJPEG_TURBO_VERSION_NUMBER / 1000000,
             LIBJPEG_TURBO_VERSION_NUMBER / 1000 % 1000, LIBJPEG_TURBO_VERSION_NUMBER % 1000);
    return text;
}
