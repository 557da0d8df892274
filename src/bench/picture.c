/* The input pipeline on one picture. */
#include "bench/picture.h"

bool picture_bench_open(PictureBench *bench, const uint8_t *data, size_t bytes, int side,
                        float *out, Error *err)
{
    *bench = (PictureBench){.side = side, .data = data, .bytes = bytes, .out = out};
    option_defaults(augment_options, &bench->options);
    return image_size(data, bytes, &bench->width, &bench->height, err);
}

bool picture_bench_call(PictureBench *bench, Error *err)
{
    AugmentChoice choice =
        augment_draw(&bench->options, bench->width, bench->height,
                     (AugmentAddress){.seed = 1, .record = (uint32_t)bench->crops++}, 0);
    return augment_apply(bench->out, bench->side, &bench->options, &choice, bench->data,
                         bench->bytes, &bench->scratch, err);
}

void picture_bench_close(PictureBench *bench)
{
    augment_free(&bench->scratch);
}
