/* Filling a lane's input. */
#include "data/lane_loader.h"

#include <string.h>

struct LaneLoader {
    LaneLoaderOptions options;
    uint8_t *bytes; /* (largest record of the pack) */
    AugmentScratch scratch;
};

LaneLoader *lane_loader_create(const LaneLoaderOptions *options, Arena *run)
{
    LaneLoader *loader = arena_new(run, LaneLoader, 1);
    loader->options = *options;
    loader->bytes = arena_alloc(run, pack_largest_image_bytes(options->pack) + 1);
    return loader;
}

void lane_loader_destroy(LaneLoader *loader)
{
    augment_free(&loader->scratch);
}

static AugmentChoice choose(const LaneLoader *loader, uint32_t record, bool training,
                            uint64_t epoch)
{
    const LaneLoaderOptions *options = &loader->options;
    int width, height;
    pack_image_size(options->pack, record, &width, &height);
    if (!training || !options->augment->enabled)
        return augment_centre(options->augment, width, height);
    return augment_draw(options->augment, width, height,
                        (AugmentAddress){options->seed, epoch, record},
                        options->forbidden ? options->forbidden[record] : 0);
}

static bool load(LaneLoader *loader, float *image, int side, uint32_t record, bool training,
                 uint64_t epoch)
{
    const LaneLoaderOptions *options = &loader->options;
    AugmentChoice choice = choose(loader, record, training, epoch);
    Error err = {0};
    if (pack_read(options->pack, record, loader->bytes, &err) &&
        augment_apply(image, side, options->augment, &choice, loader->bytes,
                      pack_image_bytes(options->pack, record), &loader->scratch, &err))
        return true;
    if (options->report) options->report(options->context, record, err.text);
    memset(image, 0, sizeof(float) * (size_t)side * (size_t)side * 3);
    return false;
}

static bool show_still(const StillPictures *still, float *image, uint32_t record, size_t floats)
{
    memcpy(image, still->pixels + record % (uint32_t)still->count * floats, sizeof(float) * floats);
    return true;
}

int lane_loader_load(LaneLoader *loader, float *images, int side, bool *bad,
                     const uint32_t *records, int count, bool training, uint64_t epoch)
{
    const StillPictures *still = &loader->options.still;
    size_t floats = (size_t)side * (size_t)side * 3;
    int bad_count = 0;
    for (int i = 0; i < count; i++) {
        float *image = images + (size_t)i * floats;
        bad[i] = !(still->count ? show_still(still, image, records[i], floats)
                                : load(loader, image, side, records[i], training, epoch));
        bad_count += bad[i];
    }
    return bad_count;
}
