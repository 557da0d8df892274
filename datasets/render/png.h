#pragma once

#include "base/error.h"

#include <stdint.h>

/* Writes RGBX pixels (side, side, 4) as a PNG file without alpha. */
bool png_write_file(const char *path, const uint8_t *pixels, int side, Error *err);
