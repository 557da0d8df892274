/* PNG files; the only file here that includes png.h. */
#include "png.h"

#include <png.h>
#include <stdlib.h>

bool png_write_file(const char *path, const uint8_t *pixels, int side, Error *err)
{
    size_t count = (size_t)side * (size_t)side;
    uint8_t *rgb = malloc(3 * count);
    if (!rgb) die("out of memory for a picture");
    for (size_t i = 0; i < count; i++)
        for (int c = 0; c < 3; c++) rgb[3 * i + (size_t)c] = pixels[4 * i + (size_t)c];
    png_image image = {
        .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB, .flags = PNG_IMAGE_FLAG_FAST};
    image.width = image.height = (png_uint_32)side;
    bool done = png_image_write_to_file(&image, path, 0, rgb, 0, NULL);
    free(rgb);
    return done || error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, image.message);
}
