/* Tar files with samples. The first byte chooses the labels; compressed files are libarchive's affair. */
#include "data/pack_write.h"
#include "fuzz.h"
#include "listing.h"
#include "record.h"

#include <stdlib.h>

enum { FACTOR = 96 };

static void check_listing(const Listing *listing)
{
    Split split;
    for (size_t i = 0; i < listing->count; i++) {
        FUZZ_REQUIRE(*listing->path[i]);
        FUZZ_REQUIRE(!listing->split || split_parse(listing->split[i], &split));
        for (int g = 0; g < listing->groups; g++)
            FUZZ_REQUIRE(!listing->label[g][i] ||
                         (*listing->label[g][i] && is_utf8(listing->label[g][i])));
    }
}

/* Every image can be read in order, as it was found. */
static void read_images(const Listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        uint8_t *data = NULL;
        size_t bytes;
        Error err = {0};
        bool ok = listing->source->read(listing->source, i, &data, &bytes, &err);
        fuzz_check_error(ok, &err);
        FUZZ_REQUIRE(!ok || data);
        free(data);
        if (!ok) return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 600 || (data[1] == 0x1F && data[2] == 0x8B)) return 0;
    Listing listing;
    Error err = {0};
    char *path = (char *)fuzz_file(data + 1, bytes - 1);
    static const char *const labels[] = {"cls", "type,tags:multi,turn:value"};
    fuzz_allow(bytes, FACTOR);
    bool ok = shards_read(&listing, &path, 1, labels[data[0] & 1], data[0] & 2 ? "box" : NULL,
                          data[0] & 4, &err);
    fuzz_check_error(ok, &err);
    if (ok) {
        check_listing(&listing);
        read_images(&listing);
    }
    listing_free(&listing);
    return 0;
}
