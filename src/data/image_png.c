/*
 * PNG through libpng; the only file that includes png.h. Any depth, palette, grey, alpha and
 * interlacing become RGBX with 8 bits; alpha is laid over white.
 */
#include "image_formats.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

/* A decoding under way; lives outside the function that calls setjmp. */
typedef struct PngJob {
    png_structp png;
    png_infop info;
    const uint8_t *data;
    size_t bytes, at;
    char text[256];
    png_bytep *row;
    Image *image;
    unsigned width, height;
} PngJob;

static void on_error(png_structp png, png_const_charp text)
{
    PngJob *job = png_get_error_ptr(png);
    strncpy(job->text, text, sizeof job->text - 1);
    png_longjmp(png, 1);
}

/* Warnings are about chunks that do not change pixels. */
static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep out, size_t count)
{
    PngJob *job = png_get_io_ptr(png);
    if (count > job->bytes - job->at) png_error(png, "premature end of the file");
    memcpy(out, job->data + job->at, count);
    job->at += count;
}

static bool open_job(PngJob *job, const uint8_t *data, size_t bytes)
{
    *job = (PngJob){.data = data, .bytes = bytes};
    job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    job->info = job->png ? png_create_info_struct(job->png) : NULL;
    if (!job->info) return false;
    png_set_read_fn(job->png, job, on_read);
    png_set_user_limits(job->png, 0x7FFFFFFF, 0x7FFFFFFF); /* image_check_size has the say */
    return true;
}

static void close_job(PngJob *job)
{
    png_destroy_read_struct(&job->png, &job->info, NULL);
    free(job->row);
}

static bool damaged(const PngJob *job, Error *err)
{
    return error_set(err, ERROR_DATA, "is a damaged PNG: %s", job->text);
}

static void read_header(PngJob *job)
{
    png_read_info(job->png, job->info);
    job->width = png_get_image_width(job->png, job->info);
    job->height = png_get_image_height(job->png, job->info);
}

static bool run_size(PngJob *job, Error *err)
{
    if (setjmp(png_jmpbuf(job->png))) return damaged(job, err);
    read_header(job);
    return image_check_size(job->width, job->height, err);
}

static bool read_size(const uint8_t *data, size_t bytes, int *width, int *height, Error *err)
{
    PngJob job;
    bool ok = open_job(&job, data, bytes) ? run_size(&job, err)
                                          : error_set(err, ERROR_SYSTEM, "no memory for libpng");
    *width = (int)job.width;
    *height = (int)job.height;
    close_job(&job);
    return ok;
}

static void ask_for_rgba(PngJob *job)
{
    png_set_expand(job->png); /* palette, low depths, transparency */
    png_set_scale_16(job->png);
    png_set_gray_to_rgb(job->png);
    png_set_add_alpha(job->png, 0xFF, PNG_FILLER_AFTER);
    png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
}

static void lay_over_white(Image *image)
{
    uint8_t *end = image->pixels + (size_t)image->width * (size_t)image->height * 4;
    for (uint8_t *pixel = image->pixels; pixel < end; pixel += 4) {
        int alpha = pixel[3];
        for (int c = 0; c < 3 && alpha < 255; c++)
            pixel[c] = (uint8_t)((pixel[c] * alpha + 255 * (255 - alpha) + 127) / 255);
        pixel[3] = 255;
    }
}

static bool run_decode(PngJob *job, Image *image, Error *err)
{
    job->image = image;
    if (setjmp(png_jmpbuf(job->png))) return damaged(job, err);
    read_header(job);
    if (!image_check_size(job->width, job->height, err)) return false;
    ask_for_rgba(job);
    job->row = malloc(job->height * sizeof *job->row);
    if (!job->row || !image_resize_buffer(image, (int)job->width, (int)job->height))
        return error_set(err, ERROR_SYSTEM, "no memory for %u x %u pixels", job->width,
                         job->height);
    for (unsigned y = 0; y < job->height; y++)
        job->row[y] = image->pixels + (size_t)y * job->width * 4;
    png_read_image(job->png, job->row);
    png_read_end(job->png, NULL);
    return true;
}

static bool decode(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                   int reduce, Error *err)
{
    (void)region;
    (void)reduce;
    PngJob job;
    bool ok = open_job(&job, data, bytes) ? run_decode(&job, image, err)
                                          : error_set(err, ERROR_SYSTEM, "no memory for libpng");
    close_job(&job);
    if (!ok) return false;
    lay_over_white(image);
    *covered = (Rect){0, 0, image->width, image->height};
    return true;
}

static const uint8_t magic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

const ImageFormat image_format_png = {magic, sizeof magic, read_size, decode};
