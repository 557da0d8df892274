/*
 * The orientation in EXIF data through libexif; the only file that includes its headers. Parsing
 * costs hundreds of small allocations, and most pictures are upright: a search for the bytes of the
 * entry comes first, and the library sees only blocks that state a turn.
 */
#include "image_formats.h"

#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t prefix[6] = {'E', 'x', 'i', 'f', 0, 0};

/* An IFD entry up to its value: tag 0x0112, type SHORT, one component. */
static const uint8_t little_entry[8] = {0x12, 0x01, 3, 0, 1, 0, 0, 0};
static const uint8_t big_entry[8] = {0x01, 0x12, 0, 3, 0, 0, 0, 1};

static bool is_turn(int value)
{
    return value >= 2 && value <= 8;
}

static bool may_state_a_turn(const uint8_t *tiff, size_t bytes)
{
    bool little = bytes > 0 && tiff[0] == 'I';
    const uint8_t *entry = little ? little_entry : big_entry, *end = tiff + bytes;
    while ((tiff = memmem(tiff, (size_t)(end - tiff), entry, 8)) && end - tiff >= 10) {
        if (is_turn(little ? tiff[8] | tiff[9] << 8 : tiff[8] << 8 | tiff[9])) return true;
        tiff += 8;
    }
    return false;
}

/* `block` begins with the prefix. */
static int ask_libexif(const uint8_t *block, size_t bytes)
{
    int orientation = 1;
    ExifData *exif = exif_data_new();
    if (!exif) die("no memory for EXIF data");
    /* Otherwise the library adds the entries that the standard demands. */
    exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_load_data(exif, block, (unsigned)bytes);
    ExifEntry *entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (entry && entry->format == EXIF_FORMAT_SHORT && entry->components == 1 && entry->data)
        orientation = exif_get_short(entry->data, exif_data_get_byte_order(exif));
    exif_data_unref(exif);
    return is_turn(orientation) ? orientation : 1;
}

/* PNG and WebP leave the prefix out, without which the library finds nothing. */
static int ask_with_prefix(const uint8_t *tiff, size_t bytes)
{
    uint8_t *block = malloc(sizeof prefix + bytes);
    if (!block) die("no memory for %zu bytes of EXIF data", bytes);
    memcpy(block, prefix, sizeof prefix);
    memcpy(block + sizeof prefix, tiff, bytes);
    int orientation = ask_libexif(block, sizeof prefix + bytes);
    free(block);
    return orientation;
}

int exif_orientation(const uint8_t *exif, size_t bytes)
{
    bool has_prefix = bytes >= sizeof prefix && memcmp(exif, prefix, sizeof prefix) == 0;
    size_t skipped = has_prefix ? sizeof prefix : 0;
    /* JPEG has no larger blocks; one in PNG or WebP is no camera's. */
    enum { BYTES_MAX = 1 << 20 };
    if (bytes > BYTES_MAX || !may_state_a_turn(exif + skipped, bytes - skipped)) return 1;
    return has_prefix ? ask_libexif(exif, bytes) : ask_with_prefix(exif, bytes);
}
