/* Writing safetensors. */
#include "io/file.h"
#include "io/json.h"
#include "io/safetensors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, LENGTH_BYTES = 8, BLOCK = 1 << 14 };

static int by_name(const void *a, const void *b)
{
    return strcmp(((const SafetensorsItem *)a)->name, ((const SafetensorsItem *)b)->name);
}

static uint64_t count_of(const SafetensorsItem *item)
{
    uint64_t count = 1;
    for (int i = 0; i < item->rank; i++) count *= item->dim[i];
    return count;
}

static void add_item(Json *json, const SafetensorsItem *item, uint64_t begin)
{
    json_begin(json, item->name);
    json_add_text(json, "dtype", "F32");
    json_begin_array(json, "shape");
    for (int i = 0; i < item->rank; i++) json_add_integer(json, NULL, (int64_t)item->dim[i]);
    json_end(json);
    json_begin_array(json, "data_offsets");
    json_add_integer(json, NULL, (int64_t)begin);
    json_add_integer(json, NULL, (int64_t)(begin + 4 * count_of(item)));
    json_end(json);
    json_end(json);
}

/* From malloc. */
static char *header_text(const SafetensorsItem *item, int items, const char *const *metadata)
{
    Json *json = json_create();
    uint64_t at = 0;
    if (metadata) {
        json_begin(json, "__metadata__");
        for (; *metadata; metadata += 2) json_add_text(json, metadata[0], metadata[1]);
        json_end(json);
    }
    for (int i = 0; i < items; i++) {
        add_item(json, &item[i], at);
        at += 4 * count_of(&item[i]);
    }
    char *text = json_print(json, false);
    json_destroy(json);
    return text;
}

static void put_little_endian(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> (8 * i));
}

/* Spaces behind the header align the data to 8 bytes. */
static bool write_header(FILE *file, const char *text)
{
    uint8_t length[LENGTH_BYTES];
    size_t bytes = strlen(text), padding = (8 - bytes % 8) % 8;
    put_little_endian(length, bytes + padding, LENGTH_BYTES);
    return fwrite(length, 1, sizeof length, file) == sizeof length &&
           fwrite(text, 1, bytes, file) == bytes && fwrite("       ", 1, padding, file) == padding;
}

static bool write_data(FILE *file, const float *data, uint64_t count)
{
    uint8_t block[4 * BLOCK];
    for (uint64_t done = 0; done < count;) {
        size_t part = count - done < BLOCK ? (size_t)(count - done) : BLOCK;
        for (size_t i = 0; i < part; i++) {
            uint32_t bits;
            memcpy(&bits, data + done + i, sizeof bits);
            put_little_endian(block + 4 * i, bits, 4);
        }
        if (fwrite(block, 4, part, file) != part) return false;
        done += part;
    }
    return true;
}

static bool write_file(const char *path, const SafetensorsItem *item, int items, const char *header)
{
    FILE *file = fopen(path, "wb");
    if (!file) return false;
    bool ok = write_header(file, header);
    for (int i = 0; ok && i < items; i++) ok = write_data(file, item[i].data, count_of(&item[i]));
    return fclose(file) == 0 && ok;
}

bool safetensors_write(const char *path, SafetensorsItem *item, int items,
                       const char *const *metadata, Error *err)
{
    char temporary[PATH_BYTES];
    file_temporary(path, temporary, sizeof temporary);
    qsort(item, (size_t)items, sizeof *item, by_name);
    char *header = header_text(item, items, metadata);
    bool ok = write_file(temporary, item, items, header);
    int reason = errno;
    free(header);
    if (ok) return file_commit(temporary, path, err);
    remove(temporary);
    return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(reason));
}
