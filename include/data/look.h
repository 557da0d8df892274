/*
 * What a picture looks like, in a few numbers: to find pictures that are the same, nearly the same,
 * blank or grey.
 */
#pragma once

#include "data/image.h"

typedef struct Look {
    uint64_t
        pixels; /* XXH3-64 of size and RGB pixels: equal for the same picture in any file format */
    uint64_t perceptual; /* 63 bits; nearly the same pictures differ in few of them */
    double deviation;    /* of the brightness (0 … 255) over all pixels */
    bool grey;           /* no pixel has a colour that the eye could tell from grey */
} Look;

/* Of a whole decoded picture. `scratch` is reused; it holds the reduced picture. False if there is no
 * memory for that. Thread-safe with a scratch per thread. */
bool look_at(Look *look, const Image *image, Image *scratch);

/* In how many bits two perceptual hashes differ. */
int look_distance(uint64_t a, uint64_t b);
