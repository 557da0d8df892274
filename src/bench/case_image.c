/* JPEG files to the network's input, 224 pixels: dim = width, height. */
#include "bench/kernel_case.h"
#include "bench/picture.h"

#include <stdlib.h>

enum { SIDE = 224 };

static double one(const int *dim)
{
    (void)dim;
    return 1;
}

/* Slopes with some texture, so that a file has the size of a photograph's. */
static void paint(uint8_t *pixels, int width, int height)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, pixels += 4) {
            pixels[0] = (uint8_t)(x * 200 / width + (x * y / 7) % 31);
            pixels[1] = (uint8_t)(y * 200 / height + (x ^ y) % 23);
            pixels[2] = (uint8_t)((x + y) / 3 % 200 + (x * 5 + y * 3) % 17);
            pixels[3] = 255;
        }
}

static void *prepare(Sample *sample, Arena *arena)
{
    int width = sample->of->dim[0], height = sample->of->dim[1];
    Image image = {.width = width,
                   .height = height,
                   .pixels = arena_alloc(arena, (size_t)width * (size_t)height * 4)};
    uint8_t *jpeg;
    size_t bytes;
    Error err = {0};
    PictureBench *bench = arena_new(arena, PictureBench, 1);
    paint(image.pixels, width, height);
    if (!image_encode_jpeg(&image, 90, &jpeg, &bytes, &err) ||
        !picture_bench_open(bench, jpeg, bytes, SIDE,
                            arena_new(arena, float, (size_t)SIDE *SIDE * 3), &err))
        die("%s", err.text);
    return bench;
}

static void call(Sample *sample)
{
    Error err = {0};
    if (!picture_bench_call(sample->own, &err)) die("%s", err.text);
}

static void release(Sample *sample)
{
    PictureBench *bench = sample->own;
    free((void *)bench->data);
    picture_bench_close(bench);
}

#define ROW(width, height)                                                                         \
    {                                                                                              \
        .name = "JPEG to input", .dim = {width, height}, .size = #width " x " #height,             \
        .unit = UNIT_IMAGES, .amount = one, .prepare = prepare, .call = call, .release = release,  \
        .foreign = true                                                                            \
    }

const KernelCase image_cases[] = {ROW(500, 375), ROW(3000, 2000), {0}};
