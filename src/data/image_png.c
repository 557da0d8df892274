/*
 * PNG through libpng; the only file that includes png.h. Any depth, palette, grey, alpha and
 * interlacing become RGBX with 8 bits; alpha is laid over white.
 */
#include "image_formats.h"
#include "io/file.h"

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
    unsigned width, height;
    bool is_transparent;
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
    /* Texts, profiles and the like change no pixel, and the library gets memory for whatever length they
     * state: all but the chunks that make the picture are passed over. */
    png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_user_limits(job->png, 0x7FFFFFFF, 0x7FFFFFFF); /* image_check_size has the say */
    return true;
}

static void close_job(PngJob *job)
{
    png_destroy_read_struct(&job->png, &job->info, NULL);
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

static bool has_transparency(PngJob *job)
{
    return png_get_color_type(job->png, job->info) & PNG_COLOR_MASK_ALPHA ||
           png_get_valid(job->png, job->info, PNG_INFO_tRNS);
}

/* Returns how often the rows must be read: an interlaced picture comes in seven passes. */
static int ask_for_rgba(PngJob *job)
{
    png_set_expand(job->png); /* palette, low depths, transparency */
    png_set_scale_16(job->png);
    png_set_gray_to_rgb(job->png);
    png_set_add_alpha(job->png, 0xFF, PNG_FILLER_AFTER);
    int passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    return passes;
}

static void read_rows(PngJob *job, Image *image, int passes)
{
    size_t pitch = 4 * (size_t)job->width;
    for (int pass = 0; pass < passes; pass++)
        for (unsigned y = 0; y < job->height; y++)
            png_read_row(job->png, image->pixels + y * pitch, NULL);
    png_read_end(job->png, NULL);
}

/* What is compressed grows by at most a factor of 1032: a file that claims more is no reason to ask for
 * memory. */
static bool check_bytes(PngJob *job, Error *err)
{
    enum { GROWTH_MAX = 1032 };
    size_t pixels = png_get_rowbytes(job->png, job->info) * job->height; /* in bytes, as stored */
    return pixels / GROWTH_MAX <= job->bytes ||
           error_set(err, ERROR_DATA, "is a damaged PNG: %zu bytes cannot hold %u x %u pixels",
                     job->bytes, job->width, job->height);
}

static bool run_decode(PngJob *job, Image *image, Error *err)
{
    if (setjmp(png_jmpbuf(job->png))) return damaged(job, err);
    read_header(job);
    if (!image_check_size(job->width, job->height, err) || !check_bytes(job, err)) return false;
    if (!image_resize_buffer(image, (int)job->width, (int)job->height))
        return error_set(err, ERROR_SYSTEM, "no memory for %u x %u pixels", job->width,
                         job->height);
    job->is_transparent = has_transparency(job);
    read_rows(job, image, ask_for_rgba(job));
    if (job->is_transparent) image_lay_over_white(image);
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
    if (ok) *covered = (Rect){0, 0, image->width, image->height};
    return ok;
}

/* Chunks: length (high byte first), name, data, checksum. */
static const uint8_t *find_exif(const uint8_t *data, size_t bytes, size_t *exif_bytes)
{
    for (size_t at = 8; at + 12 <= bytes;) {
        const uint8_t *chunk = data + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 |
                        (size_t)chunk[3];
        if (length > bytes - at - 12) return NULL;
        if (memcmp(chunk + 4, "eXIf", 4) == 0) {
            *exif_bytes = length;
            return chunk + 8;
        }
        at += 12 + length;
    }
    return NULL;
}

const ImageFormat image_format_png = {{0, "\x89PNG\r\n\x1A\n", 8}, read_size, decode, find_exif};

bool image_encode_png(const Image *image, uint8_t **data, size_t *bytes, Error *err)
{
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)image->width,
                     .height = (png_uint_32)image->height,
                     .format = PNG_FORMAT_RGBA};
    png_alloc_size_t size = 0;
    *data = NULL;
    bool ok = png_image_write_get_memory_size(png, size, 0, image->pixels, 0, NULL) &&
              (*data = malloc(size)) != NULL &&
              png_image_write_to_memory(&png, *data, &size, 0, image->pixels, 0, NULL);
    *bytes = size;
    if (ok) return true;
    free(*data);
    *data = NULL;
    return error_set(err, ERROR_SYSTEM, "cannot be made (libpng: %s)", png.message);
}

bool image_write_png(const Image *image, const char *path, Error *err)
{
    uint8_t *data;
    size_t bytes;
    if (!image_encode_png(image, &data, &bytes, err)) return error_context(err, "%s", path);
    bool ok = file_write(path, data, bytes, err);
    free(data);
    return ok;
}
