/* Which decoder reads a picture: its first bytes tell. */
#include "data/image.h"

#include "image_formats.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const ImageFormat *const formats[] = {&image_format_jpeg, &image_format_png};

static const ImageFormat *find_format(const uint8_t *data, size_t bytes, Error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (bytes >= formats[i]->magic_bytes &&
            memcmp(data, formats[i]->magic, formats[i]->magic_bytes) == 0)
            return formats[i];
    error_set(err, ERROR_DATA, bytes == 0 ? "is empty" : "is no JPEG or PNG picture");
    return NULL;
}

void image_free(Image *image)
{
    free(image->pixels);
    *image = (Image){0};
}

bool image_resize_buffer(Image *image, int width, int height)
{
    size_t bytes = (size_t)width * (size_t)height * 4;
    image->width = width;
    image->height = height;
    if (bytes <= image->capacity) return true;
    free(image->pixels);
    image->pixels = malloc(bytes);
    image->capacity = image->pixels ? bytes : 0;
    return image->pixels != NULL;
}

bool image_check_size(unsigned width, unsigned height, Error *err)
{
    if (width >= 1 && height >= 1 && width <= IMAGE_SIDE_MAX && height <= IMAGE_SIDE_MAX)
        return true;
    return error_set(err, ERROR_DATA, "is %u x %u pixels; sides from 1 to %d are possible", width,
                     height, IMAGE_SIDE_MAX);
}

bool image_size(const uint8_t *data, size_t bytes, int *width, int *height, Error *err)
{
    const ImageFormat *format = find_format(data, bytes, err);
    return format && format->size(data, bytes, width, height, err);
}

bool image_decode(Image *image, Rect *covered, const uint8_t *data, size_t bytes, Rect region,
                  int reduce, Error *err)
{
    const ImageFormat *format = find_format(data, bytes, err);
    return format && format->decode(image, covered, data, bytes, region, reduce, err);
}

static const char *const extensions[] = {".jpg", ".jpeg", ".png", ".webp"};

bool image_has_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++)
        if (strcasecmp(dot, extensions[i]) == 0) return true;
    return false;
}

const char *image_extensions(void)
{
    return ".jpg, .jpeg, .png, .webp";
}
