/* One record: read, checked, re-encoded. */
#include "record.h"

#include "io/file.h"
#include "resample.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* --- files --- */

static void name_file(const RecordSource *source, size_t record, char *text, size_t bytes)
{
    const FileSource *files = (const FileSource *)source;
    file_join(text, bytes, files->root, files->listing->path[record]);
}

static bool read_file(RecordSource *source, size_t record, uint8_t **data, size_t *bytes,
                      Error *err)
{
    char path[PATH_BYTES];
    name_file(source, record, path, sizeof path);
    return file_read(path, data, bytes, err);
}

FileSource file_source(const Listing *listing, const char *root)
{
    return (FileSource){
        .source = {.read = read_file, .name = name_file}, .listing = listing, .root = root};
}

/* --- bytes and pixels --- */

/* Scales the picture so that its longer side is max_side; out is a new picture. */
static bool shrink(Image *out, const Image *image, int max_side)
{
    double longer = image->width > image->height ? image->width : image->height;
    int width = (int)(image->width * (max_side / longer) + 0.5),
        height = (int)(image->height * (max_side / longer) + 0.5);
    width = width > 0 ? width : 1;
    height = height > 0 ? height : 1;
    return resample_pixels(out, width, height, image);
}

static bool reencode(Record *record, const Image *image, const PackOptions *options)
{
    Image small = {0};
    bool large = image->width > options->max_side || image->height > options->max_side;
    if (large && !shrink(&small, image, options->max_side))
        return error_set(&record->err, ERROR_SYSTEM, "no memory to scale it");
    const Image *source = large ? &small : image;
    uint8_t *data;
    size_t bytes;
    bool ok = image_encode_jpeg(source, options->quality, &data, &bytes, &record->err);
    if (ok) {
        free(record->data);
        record->data = data;
        record->bytes = bytes;
        record->width = source->width;
        record->height = source->height;
    }
    image_free(&small);
    return ok;
}

bool record_read(Record *record, RecordSource *source, size_t index)
{
    return source->read(source, index, &record->data, &record->bytes, &record->err);
}

static bool check_and_encode(Record *record, const PackOptions *options, Image *image)
{
    Rect covered;
    Error *err = &record->err;
    if (!image_size(record->data, record->bytes, &record->width, &record->height, err))
        return false;
    Rect whole = {0, 0, record->width, record->height};
    if (!image_decode(image, &covered, record->data, record->bytes, whole, 1, err)) return false;
    return options->max_side == 0 || reencode(record, image, options);
}

bool record_prepare(Record *record, const PackOptions *options, Image *image)
{
    if (!check_and_encode(record, options, image)) return false;
    record->checksum = hash64(record->data, record->bytes);
    return true;
}

void record_fail(Record *record, const RecordSource *source, size_t index)
{
    char name[PATH_BYTES];
    source->name(source, index, name, sizeof name);
    if (!strstr(record->err.text, name)) error_context(&record->err, "%s", name);
    free(record->data);
    record->data = NULL;
}
