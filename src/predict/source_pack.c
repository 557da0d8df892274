/* The images of a split. */
#include "predict/source.h"

#include <stdlib.h>

typedef struct PackSource {
    const Pack *pack;
    const uint32_t *record; /* (count) */
    size_t count, next;
} PackSource;

static const char *next_name(void *state)
{
    PackSource *source = state;
    return source->next < source->count
               ? pack_record_path(source->pack, source->record[source->next++])
               : NULL;
}

static bool read_image(const void *state, size_t index, const char *name, uint8_t **data,
                       size_t *bytes, Error *err)
{
    (void)name;
    const PackSource *source = state;
    uint32_t record = source->record[index];
    *bytes = pack_image_bytes(source->pack, record);
    *data = malloc(*bytes + 1);
    if (!*data) return error_set(err, ERROR_SYSTEM, "no memory for %zu bytes", *bytes);
    if (pack_read(source->pack, record, *data, err)) return true;
    free(*data);
    return false;
}

Source source_pack(const Pack *pack, Split split)
{
    PackSource *source = calloc(1, sizeof *source);
    if (!source) die("list of a pack's images: out of memory");
    source->pack = pack;
    source->record = pack_split(pack, split, &source->count);
    return (Source){source, next_name, read_image, free};
}
