/* Resampling of a window of a picture; private to data. */
#pragma once

#include "data/augment.h"
#include "data/filter.h"

/* A rectangle in the pixels of the decoded image; edges may lie between pixels. */
typedef struct ResampleWindow {
    double x, y, width, height;
} ResampleWindow;

/* out (side,side,3) = the window, filtered, times scale plus shift per channel, turned over as `flips`
 * (FLIP_…) says. False if there is no memory for the buffers in `scratch`. */
bool resample(float *out, int side, const Image *image, const ResampleWindow *window,
              FilterKind filter, const float scale[3], const float shift[3], unsigned flips,
              AugmentScratch *scratch);

/* out (side,side) = the window, filtered, as bytes. False if there is no memory. */
bool resample_window(Image *out, int side, const Image *image, const ResampleWindow *window,
                     FilterKind filter, AugmentScratch *scratch);

/* out (height,width) = the whole picture, filtered (bilinear) to another size. False if there is no memory. */
bool resample_pixels(Image *out, int width, int height, const Image *image);
