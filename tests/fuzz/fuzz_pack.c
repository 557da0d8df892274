/* Packs: HDF5 files, or recipes of some (h5_recipe.h), behind a seal that is always right. */
#include "data/image.h"
#include "data/pack.h"
#include "fuzz.h"
#include "h5_recipe.h"
#include "io/seal.h"

#include <stdlib.h>
#include <string.h>

static void check_group(const Pack *pack, const LabelGroup *group)
{
    FUZZ_REQUIRE(*group->name && (group->classes > 0) == (group->kind != LABEL_VALUE));
    for (int k = 0; k < group->classes; k++) FUZZ_REQUIRE(strlen(group->class_name[k]) < SIZE_MAX);
    for (size_t r = 0; r < pack_records(pack); r++) {
        int classes;
        const int32_t *class = label_classes(group, r, &classes);
        FUZZ_REQUIRE(label_is_known(group, r) || classes == 0);
        for (int k = 0; k < classes; k++)
            FUZZ_REQUIRE(class[k] >= (k ? class[k - 1] + 1 : 0) && class[k] < group -> classes);
    }
}

static void check_splits(const Pack *pack)
{
    size_t total = 0;
    for (int s = 0; s < SPLIT_COUNT; s++) {
        size_t count;
        const uint32_t *record = pack_split(pack, (Split)s, &count);
        for (size_t i = 0; i < count; i++) FUZZ_REQUIRE(record[i] < pack_records(pack));
        total += count;
    }
    FUZZ_REQUIRE(total == pack_records(pack));
}

static void read_images(const Pack *pack)
{
    uint8_t *buffer = malloc(pack_largest_image_bytes(pack) + 1);
    for (size_t r = 0; r < pack_records(pack); r++) {
        int width, height;
        Error err = {0};
        pack_image_size(pack, r, &width, &height);
        FUZZ_REQUIRE(width >= 1 && width <= IMAGE_SIDE_MAX && height >= 1);
        FUZZ_REQUIRE(pack_image_bytes(pack, r) <= pack_largest_image_bytes(pack));
        FUZZ_REQUIRE(strlen(pack_record_path(pack, r)) < SIZE_MAX);
        fuzz_check_error(pack_read(pack, r, buffer, &err), &err);
    }
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    Error err = {0};
    const char *path = h5_recipe(data, bytes, SEAL_PACK);
    Pack *pack = pack_open(path, &err);
    fuzz_check_error(pack != NULL, &err);
    if (pack) {
        for (int g = 0; g < pack_groups(pack); g++) check_group(pack, pack_group(pack, g));
        check_splits(pack);
        read_images(pack);
    }
    pack_close(pack);
    return 0;
}
