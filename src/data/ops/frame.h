/*
 * What augmentations do to a picture at the size of the network's input: bytes in, bytes out, as Pillow and
 * torchvision define them. Private to data.
 */
#pragma once

#include "data/image.h"

#include <stdbool.h>
#include <stddef.h>

/* A picture under treatment. What cannot be done in place is written to `spare`, then the two change
 * places. */
typedef struct Frame {
    Image *image, *spare; /* (side,side,4), the fourth byte has no meaning */
    int side;
    uint8_t fill[4]; /* what is seen beyond the edges */
} Frame;

void frame_swap(Frame *frame);

/* --- colour.c: Pillow's ImageEnhance; 1 leaves the picture as it is, 0 takes all of it away --- */
void frame_brightness(Frame *frame, double factor);
void frame_contrast(Frame *frame, double factor);
void frame_saturation(Frame *frame, double factor);
void frame_sharpness(Frame *frame, double factor);
/* Turns all hues by a share of the whole circle, -0.5 … 0.5. */
void frame_hue(Frame *frame, double turn);

/* --- tone.c: Pillow's ImageOps --- */
void frame_posterize(Frame *frame, int bits);
void frame_solarize(Frame *frame, double threshold);
void frame_autocontrast(Frame *frame);
void frame_equalize(Frame *frame);

/* --- affine.c --- */
/* Pixel (x,y) of the result is seen at matrix * (x,y,1) of the picture, in pixels from its corner:
 * x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5]; bilinear. */
void frame_affine(Frame *frame, const double matrix[6]);
/* Degrees, counter-clockwise about the centre. */
void frame_rotate(Frame *frame, double degrees);
/* About the centre; above 1 the picture grows. */
void frame_zoom(Frame *frame, double factor);

/* --- move.c --- */
/* What is seen beyond the edges: `fill`, the nearest pixel, or the picture mirrored about its outermost pixels. */
typedef enum FrameEdge { FRAME_FILL, FRAME_NEAREST, FRAME_MIRROR } FrameEdge;
/* By whole pixels, either way. */
void frame_shift(Frame *frame, int right, int down, FrameEdge edge);

/* --- gaussian.c --- */
/* A Gaussian of `sigma` pixels, cut at 3 sigma, mirrored at the edges. */
void frame_gaussian(Frame *frame, double sigma);
