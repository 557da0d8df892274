/* The input pipeline on one picture: decoding what a random crop needs, resizing, flip, normalising. */
#pragma once

#include "data/augment.h"

typedef struct PictureBench {
    AugmentOptions options; /* the defaults */
    int side;               /* of the result, pixels */
    int width, height;
    const uint8_t *data; /* the file, owned by the caller */
    size_t bytes;
    float *out; /* (side,side,3) */
    AugmentScratch scratch;
    uint64_t crops; /* drawn so far: each call takes the next one */
} PictureBench;

/* False if the picture cannot be read. `out`: room for side * side * 3 floats. */
bool picture_bench_open(PictureBench *bench, const uint8_t *data, size_t bytes, int side,
                        float *out, Error *err);
bool picture_bench_call(PictureBench *bench, Error *err);
void picture_bench_close(PictureBench *bench);
