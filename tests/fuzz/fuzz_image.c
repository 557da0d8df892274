/* Pictures of any kind: size, decoding as a whole and in part, and the way into the network's input
 * with a stated size that may be a lie. The last bytes choose region and reduction; no format minds
 * bytes behind its end. */
#include "data/augment.h"
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A picture may be so much larger than its file that the factor is one of its pixels: RGBX twice, as
 * turning needs, and the rows that resampling keeps. */
enum { FACTOR = 8, SIDE = 16, PIXELS_MAX = 1 << 22 };

typedef struct Picture {
    const uint8_t *data;
    size_t bytes;
    int width, height;
    uint8_t choice[8];
} Picture;

static int chosen(const Picture *picture, int index, int below)
{
    int value = picture->choice[index] << 8 | picture->choice[index + 1];
    return value % below;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* What is decoded holds the region, as far as the picture does. */
static void check_covered(const Picture *picture, const Image *image, Rect region, Rect covered,
                          int reduce)
{
    FUZZ_REQUIRE(image->width > 0 && image->height > 0);
    FUZZ_REQUIRE((size_t)image->width * (size_t)image->height * 4 <= image->capacity);
    int right = smaller(region.x + region.width, picture->width);
    int bottom = smaller(region.y + region.height, picture->height);
    FUZZ_REQUIRE(covered.x <= region.x && covered.x + covered.width >= right);
    FUZZ_REQUIRE(covered.y <= region.y && covered.y + covered.height >= bottom);
    FUZZ_REQUIRE(covered.x + covered.width < picture->width + reduce);
    FUZZ_REQUIRE(covered.y + covered.height < picture->height + reduce);
    uint32_t sum = 0;
    for (size_t i = 0; i < (size_t)image->width * (size_t)image->height * 4; i++)
        sum += image->pixels[i];
    FUZZ_REQUIRE(sum < UINT32_MAX); /* every byte is read */
}

static bool decode(const Picture *picture, Image *image, Rect region, int reduce)
{
    Rect covered;
    Error err = {0};
    bool ok = image_decode(image, &covered, picture->data, picture->bytes, region, reduce, &err);
    fuzz_check_error(ok, &err);
    if (ok) check_covered(picture, image, region, covered, reduce);
    return ok;
}

static void check_input(const Picture *picture, int width, int height, AugmentScratch *scratch)
{
    static float out[SIDE * SIDE * 3];
    AugmentOptions options = {0};
    option_defaults(augment_options, &options);
    AugmentAddress address = {.seed = picture->choice[0]};
    AugmentChoice choice = picture->choice[1] & 1
                               ? augment_draw(&options, width, height, address, 0)
                               : augment_centre(&options, width, height);
    Error err = {0};
    bool ok =
        augment_apply(out, SIDE, &options, &choice, picture->data, picture->bytes, scratch, &err);
    fuzz_check_error(ok, &err);
    for (int i = 0; i < SIDE * SIDE * 3; i++) FUZZ_REQUIRE(isfinite(out[i]) && (ok || out[i] == 0));
}

static void check_picture(const Picture *picture)
{
    Rect whole = {0, 0, picture->width, picture->height};
    Rect part = {.x = chosen(picture, 0, picture->width), .y = chosen(picture, 2, picture->height)};
    part.width = 1 + chosen(picture, 4, picture->width - part.x);
    part.height = 1 + chosen(picture, 6, picture->height - part.y);
    int reduce = 1 << (picture->choice[3] & 3);
    Image image = {0};
    AugmentScratch scratch = {0};
    decode(picture, &image, part, reduce);
    decode(picture, &image, whole, 1);
    image_free(&image);
    check_input(picture, picture->width, picture->height, &scratch);
    check_input(picture, 1 + picture->choice[4], 1 + picture->choice[5], &scratch);
    augment_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    Picture picture = {.data = data, .bytes = bytes};
    if (bytes < sizeof picture.choice) return 0;
    memcpy(picture.choice, data + bytes - sizeof picture.choice, sizeof picture.choice);
    Error err = {0};
    fuzz_allow(bytes, FACTOR);
    bool ok = image_size(data, bytes, &picture.width, &picture.height, &err);
    fuzz_check_error(ok, &err);
    if (!ok) return 0;
    FUZZ_REQUIRE(picture.width > 0 && picture.width <= IMAGE_SIDE_MAX);
    FUZZ_REQUIRE(picture.height > 0 && picture.height <= IMAGE_SIDE_MAX);
    size_t pixels = (size_t)picture.width * (size_t)picture.height;
    if (pixels > PIXELS_MAX) return 0; /* slow, and no other than smaller ones */
    fuzz_allow(4 * pixels, FACTOR);
    check_picture(&picture);
    return 0;
}
