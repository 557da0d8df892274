/* Manifests: CSV tables with labels. The first byte chooses the options. */
#include "data/pack_write.h"
#include "encode.h"
#include "fuzz.h"
#include "listing.h"

#include <string.h>

enum { FACTOR = 96 };

static void check_listing(const Listing *listing)
{
    FUZZ_REQUIRE(listing->count > 0 && listing->groups > 0);
    for (size_t i = 0; i < listing->count; i++) {
        FUZZ_REQUIRE(*listing->path[i] && listing->path[i][0] != '/' && is_utf8(listing->path[i]));
        Split split;
        FUZZ_REQUIRE(!listing->split || split_parse(listing->split[i], &split));
        for (int g = 0; g < listing->groups; g++)
            FUZZ_REQUIRE(!listing->label[g][i] || *listing->label[g][i]);
    }
}

static void check_label(const LabelGroup *group, const char *text, size_t record)
{
    int classes;
    const int32_t *class = label_classes(group, record, &classes);
    FUZZ_REQUIRE(label_is_known(group, record) == (text != NULL));
    for (int k = 0; k < classes; k++)
        FUZZ_REQUIRE(class[k] >= (k ? class[k - 1] + 1 : 0) && class[k] < group -> classes);
    if (text && group->kind == LABEL_CLASS)
        FUZZ_REQUIRE(strcmp(group->class_name[*class], text) == 0);
}

/* Labels become numbers, images go to splits. */
static void check_labels(const Listing *listing, bool shares)
{
    static const SplitShares none = {{0}}, some = {{0.5, 0.25, 0.25}};
    Error err = {0};
    Arena *arena = arena_create("labels");
    const LabelGroup *group = encode_labels(listing, arena, &err);
    for (int g = 0; group && g < listing->groups; g++)
        for (size_t i = 0; i < listing->count; i++) check_label(&group[g], listing->label[g][i], i);
    const uint8_t *split =
        group ? assign_splits(listing, group, shares ? &some : &none, 1, arena, &err) : NULL;
    for (size_t i = 0; split && i < listing->count; i++) FUZZ_REQUIRE(split[i] < SPLIT_COUNT);
    arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes == 0) return 0;
    Listing listing;
    Error err = {0};
    const char *path = fuzz_file(data + 1, bytes - 1);
    static const char *const labels_of[] = {NULL, "type,part", "type:multi,part:value",
                                            "type:value"};
    const char *labels = labels_of[(data[0] & 1) | (data[0] >> 2 & 2)];
    const char *together = data[0] & 2 ? "box" : NULL;
    fuzz_allow(bytes, FACTOR);
    bool ok = manifest_read(&listing, path, labels, together, &err);
    fuzz_check_error(ok, &err);
    if (ok) {
        check_listing(&listing);
        check_labels(&listing, data[0] & 4);
    }
    listing_free(&listing);
    return 0;
}
