/*
 * A pack, opened for reading. The seal proves the tables whole; they are still checked against each
 * other, since a seal says nothing about who wrote it.
 */
#include "data/pack.h"

#include "base/arena.h"
#include "data/image.h"
#include "io/file.h"
#include "io/h5.h"
#include "io/seal.h"
#include "listing.h"
#include "pack_labels.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct Pack {
    Arena *arena;
    char *path;
    int fd;
    H5 *file;              /* kept open only where the image bytes have no address */
    pthread_mutex_t *lock; /* of `file`, which only one thread may use */
    uint64_t file_bytes;   /* of the whole file: no table can be larger */
    uint64_t base;         /* address of the image bytes in the file */
    Hash128 hash;
    int version;
    size_t records;
    const uint64_t *offset, *checksum; /* (records + 1), (records) */
    const int32_t *size;               /* (records,2): width, height */
    const uint8_t *split;              /* (records) */
    const char *const *record_path;    /* (records) */
    const char *const *record_group;   /* (records), or NULL */
    LabelGroup *group;
    int groups;
    uint32_t *split_record[SPLIT_COUNT];
    size_t split_count[SPLIT_COUNT];
    size_t largest;
    char *creator;
};

static const char *const split_names[SPLIT_COUNT] = {"train", "val", "test"};

bool split_parse(const char *text, Split *split)
{
    for (int s = 0; s < SPLIT_COUNT; s++)
        if (strcmp(text, split_names[s]) == 0) {
            *split = (Split)s;
            return true;
        }
    return false;
}

const char *split_name(Split split)
{
    return split_names[split];
}

/* --- reading the tables --- */

/* A whole array into the arena; NULL with an error. */
static void *read_array(Pack *pack, const char *name, H5Type type, H5Shape shape, size_t bytes,
                        Error *err)
{
    void *data = arena_alloc(pack->arena, bytes + 1);
    return h5_read(pack->file, name, type, shape, data, err) ? data : NULL;
}

static const char *const *read_texts(Pack *pack, const char *name, size_t *count, Error *err)
{
    char **texts = NULL;
    if (!h5_read_texts(pack->file, name, &texts, count, err)) return NULL;
    const char **copy = arena_copy_texts(pack->arena, texts, *count);
    free(texts);
    return copy;
}

static bool read_togetherness(Pack *pack, Error *err)
{
    size_t count = 0;
    if (!h5_has(pack->file, "/images/group")) return true;
    pack->record_group = read_texts(pack, "/images/group", &count, err);
    return pack->record_group && (count == pack->records ||
                                  error_set(err, ERROR_DATA, "%s: has %zu groups for %zu images",
                                            pack->path, count, pack->records));
}

static bool read_images(Pack *pack, Error *err)
{
    H5Type type;
    H5Shape shape;
    if (!h5_info(pack->file, "/images/checksum", &type, &shape, err)) return false;
    if (shape.rank != 1 || shape.dim[0] == 0 || shape.dim[0] > UINT32_MAX ||
        shape.dim[0] > pack->file_bytes)
        return error_set(err, ERROR_DATA, "%s: has no images, or too many", pack->path);
    size_t n = pack->records = shape.dim[0], paths = 0;
    pack->checksum = read_array(pack, "/images/checksum", H5_U64, (H5Shape){1, {n}}, 8 * n, err);
    pack->offset =
        read_array(pack, "/images/offset", H5_U64, (H5Shape){1, {n + 1}}, 8 * (n + 1), err);
    pack->size = read_array(pack, "/images/size", H5_I32, (H5Shape){2, {n, 2}}, 8 * n, err);
    pack->split = read_array(pack, "/split", H5_U8, (H5Shape){1, {n}}, n, err);
    pack->record_path = read_texts(pack, "/images/path", &paths, err);
    if (pack->record_path && paths != n)
        error_set(err, ERROR_DATA, "%s: has %zu paths for %zu images", pack->path, paths, n);
    return err->kind == ERROR_NONE && read_togetherness(pack, err);
}

static bool read_groups(Pack *pack, Error *err)
{
    char **names = NULL;
    size_t count = 0;
    if (!h5_list(pack->file, "/labels", &names, &count, err)) return false;
    if (count > GROUPS_MAX) {
        free(names);
        return error_set(err, ERROR_DATA, "%s: has %zu label groups; at most %d are possible",
                         pack->path, count, GROUPS_MAX);
    }
    pack->group = arena_new(pack->arena, LabelGroup, count + 1);
    bool ok = true;
    LabelSource source = {pack->path, pack->file, pack->records, pack->file_bytes, pack->arena};
    for (size_t g = 0; g < count && ok; g++)
        ok = labels_read(&pack->group[pack->groups++], arena_strdup(pack->arena, names[g]), &source,
                         err);
    free(names);
    return ok;
}

/* Offsets rise from 0 to the length of the image bytes; sizes and splits make sense. */
static bool check_tables(Pack *pack, uint64_t image_bytes, Error *err)
{
    size_t n = pack->records;
    if (pack->offset[0] != 0 || pack->offset[n] != image_bytes)
        return error_set(err, ERROR_DATA, "%s: its offsets do not cover its image bytes",
                         pack->path);
    for (size_t r = 0; r < n; r++) {
        uint64_t bytes = pack->offset[r + 1] - pack->offset[r];
        if (pack->offset[r + 1] < pack->offset[r] || bytes > image_bytes)
            return error_set(err, ERROR_DATA, "%s: image %zu lies outside the image bytes",
                             pack->path, r);
        if (pack->size[2 * r] < 1 || pack->size[2 * r + 1] < 1 ||
            pack->size[2 * r] > IMAGE_SIDE_MAX || pack->size[2 * r + 1] > IMAGE_SIDE_MAX)
            return error_set(err, ERROR_DATA,
                             "%s: image %zu has the size %d x %d; sides from 1 to "
                             "%d are possible",
                             pack->path, r, pack->size[2 * r], pack->size[2 * r + 1],
                             IMAGE_SIDE_MAX);
        if (pack->split[r] >= SPLIT_COUNT)
            return error_set(err, ERROR_DATA, "%s: image %zu is in split %u, which does not exist",
                             pack->path, r, pack->split[r]);
        if (bytes > pack->largest) pack->largest = bytes;
    }
    return true;
}

static bool find_images(Pack *pack, uint64_t *image_bytes, Error *err)
{
    H5Type type;
    H5Shape shape;
    if (!h5_info(pack->file, "/images/bytes", &type, &shape, err)) return false;
    if (type != H5_U8 || shape.rank != 1 || shape.dim[0] > pack->file_bytes)
        return error_set(err, ERROR_DATA, "%s: /images/bytes is no list of bytes", pack->path);
    *image_bytes = shape.dim[0];
    if (!h5_offset(pack->file, "/images/bytes", &pack->base))
        return true; /* pack_read goes through HDF5 */
    h5_close(pack->file, err);
    pack->file = NULL;
    pack->fd = open(pack->path, O_RDONLY | O_CLOEXEC);
    return pack->fd >= 0 ||
           error_set(err, ERROR_SYSTEM, "cannot open %s: %s", pack->path, strerror(errno));
}

static void list_splits(Pack *pack)
{
    for (int s = 0; s < SPLIT_COUNT; s++) {
        pack->split_record[s] = arena_new(pack->arena, uint32_t, pack->records);
        for (size_t r = 0; r < pack->records; r++)
            if (pack->split[r] == s) pack->split_record[s][pack->split_count[s]++] = (uint32_t)r;
    }
}

static void read_creator(Pack *pack)
{
    char *text;
    pack->creator = arena_strdup(pack->arena, "unknown");
    if (!h5_read_attribute_text(pack->file, "/", "created_by", &text, &(Error){0})) return;
    pack->creator = arena_strdup(pack->arena, text);
    free(text);
}

static bool read_all(Pack *pack, Error *err)
{
    Seal seal;
    struct stat info;
    uint64_t image_bytes = 0;
    if (!seal_check(pack->path, SEAL_PACK, PACK_VERSION, &seal, err)) return false;
    if (stat(pack->path, &info) != 0)
        return error_set(err, ERROR_SYSTEM, "cannot examine %s: %s", pack->path, strerror(errno));
    pack->file_bytes = (uint64_t)info.st_size;
    pack->hash = seal.hash;
    pack->version = (int)seal.version;
    pack->file = h5_open(pack->path, err);
    if (!pack->file || !read_images(pack, err) || !read_groups(pack, err)) return false;
    read_creator(pack);
    if (!find_images(pack, &image_bytes, err) || !check_tables(pack, image_bytes, err))
        return false;
    list_splits(pack);
    return true;
}

Pack *pack_open(const char *path, Error *err)
{
    Arena *arena = arena_create("pack");
    Pack *pack = arena_new(arena, Pack, 1);
    pack->arena = arena;
    pack->path = arena_strdup(arena, path);
    pack->fd = -1;
    pack->lock = arena_new(arena, pthread_mutex_t, 1);
    pthread_mutex_init(pack->lock, NULL);
    if (read_all(pack, err)) return pack;
    pack_close(pack);
    return NULL;
}

void pack_close(Pack *pack)
{
    if (!pack) return;
    if (pack->file) h5_close(pack->file, &(Error){0});
    if (pack->fd >= 0) close(pack->fd);
    pthread_mutex_destroy(pack->lock);
    arena_destroy(pack->arena);
}

/* --- what it holds --- */

const char *pack_path(const Pack *pack)
{
    return pack->path;
}
size_t pack_records(const Pack *pack)
{
    return pack->records;
}
int pack_groups(const Pack *pack)
{
    return pack->groups;
}
const LabelGroup *pack_group(const Pack *pack, int group)
{
    return &pack->group[group];
}

int pack_find_group(const Pack *pack, const char *name)
{
    for (int g = 0; g < pack->groups; g++)
        if (strcmp(pack->group[g].name, name) == 0) return g;
    return -1;
}

Split pack_split_of(const Pack *pack, size_t record)
{
    return (Split)pack->split[record];
}

const uint32_t *pack_split(const Pack *pack, Split split, size_t *count)
{
    *count = pack->split_count[split];
    return pack->split_record[split];
}

const char *pack_record_path(const Pack *pack, size_t record)
{
    return pack->record_path[record];
}

const char *pack_record_group(const Pack *pack, size_t record)
{
    return pack->record_group ? pack->record_group[record] : NULL;
}

void pack_image_size(const Pack *pack, size_t record, int *width, int *height)
{
    *width = pack->size[2 * record];
    *height = pack->size[2 * record + 1];
}

size_t pack_image_bytes(const Pack *pack, size_t record)
{
    return (size_t)(pack->offset[record + 1] - pack->offset[record]);
}

size_t pack_largest_image_bytes(const Pack *pack)
{
    return pack->largest;
}
int pack_version(const Pack *pack)
{
    return pack->version;
}
const char *pack_creator(const Pack *pack)
{
    return pack->creator;
}
Hash128 pack_hash(const Pack *pack)
{
    return pack->hash;
}

/* --- image bytes --- */

static bool read_bytes(const Pack *pack, size_t record, uint8_t *buffer)
{
    size_t bytes = pack_image_bytes(pack, record);
    if (pack->fd >= 0)
        return file_pread(pack->fd, buffer, bytes, pack->base + pack->offset[record]);
    pthread_mutex_lock(pack->lock);
    bool ok = h5_read_slice(pack->file, "/images/bytes", H5_U8, pack->offset[record], bytes, buffer,
                            &(Error){0});
    pthread_mutex_unlock(pack->lock);
    return ok;
}

bool pack_read(const Pack *pack, size_t record, uint8_t *buffer, Error *err)
{
    errno = EIO;
    if (!read_bytes(pack, record, buffer))
        return error_set(err, ERROR_SYSTEM, "cannot read image %zu of %s: %s", record, pack->path,
                         strerror(errno));
    if (hash64(buffer, pack_image_bytes(pack, record)) != pack->checksum[record])
        return error_set(err, ERROR_DATA, "image %zu of %s is damaged: its checksum does not match",
                         record, pack->path);
    return true;
}
