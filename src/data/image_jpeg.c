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
    struct jpeg_progress_mgr progress;
    Image *image;
    Rect *covered;
    Rect region;
    int reduce;
} JpegJob;

/* Full-size coordinates to those of the reduced picture, outwards, with a margin for the upsampling
 * of chroma, which looks at neighbours. */
enum { MARGIN = 2 };

static Span reduced_span(const JpegJob *job, int begin, int size, JDIMENSION length)
{
    int first = begin / job->reduce, last = (begin + size + job->reduce - 1) / job->reduce;
    return image_span(first, last - first, MARGIN, (int)length);
}

/* Asks for the columns; the library widens the range to whole iMCUs. */
static void crop_columns(JpegJob *job, JDIMENSION *left, JDIMENSION *width)
{
    Span columns = reduced_span(job, job->region.x, job->region.width, job->jpeg.output_width);
    *left = (JDIMENSION)columns.begin;
    *width = (JDIMENSION)(columns.end - columns.begin);
    if (*width < job->jpeg.output_width) jpeg_crop_scanline(&job->jpeg, left, width);
}

/* Inks are stored inverted, 255 is none, as Adobe does it: files without Adobe's marker, too, and
 * all common readers take them so. */
static void cmyk_to_rgbx(uint8_t *pixel, int width)
{
    for (uint8_t *end = pixel + 4 * (size_t)width; pixel < end; pixel += 4) {
        int black = pixel[3];
        for (int c = 0; c < 3; c++) pixel[c] = (uint8_t)((pixel[c] * black + 127) / 255);
        pixel[3] = 255;
    }
}

static void read_rows(JpegJob *job, int rows)
{
    size_t pitch = (size_t)job->image->width * 4;
    for (int y = 0; y < rows; y++) {
        JSAMPROW row = job->image->pixels + (size_t)y * pitch;
        jpeg_read_scanlines(&job->jpeg, &row, 1);
        if (job->jpeg.out_color_space == JCS_CMYK) cmyk_to_rgbx(row, job->image->width);
    }
}

/* Each scan of a progressive file costs a walk over the whole picture, however few bytes it has.
 * Encoders write about ten. */
static void on_progress(j_common_ptr info)
{
    enum { SCANS_MAX = 100 };
    JpegErrors *errors = (JpegErrors *)info->err;
    if (((j_decompress_ptr)info)->input_scan_number <= SCANS_MAX) return;
    snprintf(errors->text, sizeof errors->text, "more than %d scans", SCANS_MAX);
    longjmp(errors->jump, 1);
}

/* Huffman codes have at least one bit, a block at least one code, and all components together at least a
 * block per 128 pixels: more than that cannot be in the file, and is no reason to ask for memory. */
static bool check_bytes(const struct jpeg_decompress_struct *jpeg, size_t bytes, Error *err)
{
    size_t pixels = (size_t)jpeg->image_width * jpeg->image_height;
    return jpeg->arith_code || pixels / (8 * 128) <= bytes ||
           error_set(err, ERROR_DATA, "is a damaged JPEG: %zu bytes cannot hold %u x %u pixels",
                     bytes, jpeg->image_width, jpeg->image_height);
}

static void start(JpegJob *job)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    job->progress.progress_monitor = on_progress;
    jpeg->progress = &job->progress;
    bool four_inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = four_inks ? JCS_CMYK : JCS_EXT_RGBX;
    jpeg->scale_num = 1;
    jpeg->scale_denom = (unsigned)job->reduce;
    jpeg_start_decompress(jpeg);
}

static bool decode_region(JpegJob *job, size_t bytes, Error *err)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    if (!image_check_size(jpeg->image_width, jpeg->image_height, err) ||
        !check_bytes(jpeg, bytes, err))
        return false;
    start(job);
    JDIMENSION left, width;
    crop_columns(job, &left, &width);
    Span rows = reduced_span(job, job->region.y, job->region.height, jpeg->output_height);
    int height = rows.end - rows.begin;
    if (!image_resize_buffer(job->image, (int)width, height))
        return error_set(err, ERROR_SYSTEM, "no memory for %u x %d pixels", width, height);
    if (rows.begin > 0) jpeg_skip_scanlines(jpeg, (JDIMENSION)rows.begin);
    read_rows(job, height);
    *job->covered = (Rect){(int)left * job->reduce, rows.begin * job->reduce,
                           (int)width * job->reduce, height * job->reduce};
    /* Rows below the region are not decoded; a file cut off there is still whole for this crop. */
    return true;
}

static bool run_job(JpegJob *job, const uint8_t *data, size_t bytes, Error *err)
{
    if (setjmp(job->errors.jump) != 0)
        return error_set(err, ERROR_DATA, "is a damaged JPEG: %s", job->errors.text);
    jpeg_create_decompress(&job->jpeg);
    open_source(&job->jpeg, data, bytes);
    return decode_region(job, bytes, err);
}

static bool decode(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                   int reduce, Error *err)
{
    JpegJob job = {.image = image, .covered = covered, .region = region, .reduce = reduce};
    install_errors((struct jpeg_common_struct *)&job.jpeg, &job.errors);
    bool ok = run_job(&job, data, bytes, err);
    jpeg_destroy_decompress(&job.jpeg);
    return ok;
}

/* --- EXIF --- */

enum { MARKER_APP1 = 0xE1, MARKER_SOS = 0xDA };

/* Up to the first scan a file is a row of segments: 0xFF, marker, length (high byte first, with its
 * own two bytes), data. */
static const uint8_t *find_exif(const uint8_t *data, size_t bytes, size_t *exif_bytes)
{
    for (size_t at = 2; at + 4 <= bytes && data[at] == 0xFF;) {
        int marker = data[at + 1];
        size_t length = (size_t)data[at + 2] << 8 | data[at + 3];
        if (marker == 0xFF) { /* a fill byte */
            at++;
            continue;
        }
        if (marker == MARKER_SOS || length < 2 || length > bytes - at - 2) return NULL;
        const uint8_t *body = data + at + 4;
        if (marker == MARKER_APP1 && length >= 8 && memcmp(body, "Exif\0", 6) == 0) {
            *exif_bytes = length - 2;
            return body;
        }
        at += 2 + length;
    }
    return NULL;
}

const ImageFormat image_format_jpeg = {{0, "\xFF\xD8\xFF", 3}, read_size, decode, find_exif};

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
