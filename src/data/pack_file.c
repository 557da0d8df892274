/*
 * One file of a pack. The seal proves the tables whole; they are still checked against each other, since a
 * seal says nothing about who wrote it.
 */
#include "pack_file.h"

#include "data/image.h"
#include "io/file.h"
#include "io/seal.h"
#include "listing.h"
#include "pack_labels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- reading the tables --- */

/* A whole array into the arena; NULL with an error. */
static void *read_array(PackFile *pack, const char *name, H5Type type, H5Shape shape, size_t bytes,
                        Arena *arena, Error *err)
{
    void *data = arena_alloc(arena, bytes + 1);
    return h5_read(pack->file, name, type, shape, data, err) ? data : NULL;
}

static const char *const *read_texts(PackFile *pack, const char *name, size_t *count, Arena *arena,
                                     Error *err)
{
    char **texts = NULL;
    if (!h5_read_texts(pack->file, name, &texts, count, err)) return NULL;
    const char **copy = arena_copy_texts(arena, texts, *count);
    free(texts);
    return copy;
}

static bool read_togetherness(PackFile *pack, Arena *arena, Error *err)
{
    size_t count = 0;
    if (!h5_has(pack->file, "/images/group")) return true;
    pack->tables.keep = read_texts(pack, "/images/group", &count, arena, err);
    return pack->tables.keep && (count == pack->tables.records ||
                                 error_set(err, ERROR_DATA, "%s: has %zu groups for %zu images",
                                           pack->path, count, pack->tables.records));
}

static bool read_images(PackFile *pack, Arena *arena, Error *err)
{
    H5Type type;
    H5Shape shape;
    PackTables *tables = &pack->tables;
    if (!h5_info(pack->file, "/images/checksum", &type, &shape, err)) return false;
    if (shape.rank != 1 || shape.dim[0] == 0 || shape.dim[0] > UINT32_MAX ||
        shape.dim[0] > pack->file_bytes)
        return error_set(err, ERROR_DATA, "%s: has no images, or too many", pack->path);
    size_t n = tables->records = shape.dim[0], paths = 0;
    pack->checksum =
        read_array(pack, "/images/checksum", H5_U64, (H5Shape){1, {n}}, 8 * n, arena, err);
    pack->offset =
        read_array(pack, "/images/offset", H5_U64, (H5Shape){1, {n + 1}}, 8 * (n + 1), arena, err);
    tables->size =
        read_array(pack, "/images/size", H5_I32, (H5Shape){2, {n, 2}}, 8 * n, arena, err);
    tables->split = read_array(pack, "/split", H5_U8, (H5Shape){1, {n}}, n, arena, err);
    tables->record_path = read_texts(pack, "/images/path", &paths, arena, err);
    if (tables->record_path && paths != n)
        error_set(err, ERROR_DATA, "%s: has %zu paths for %zu images", pack->path, paths, n);
    return err->kind == ERROR_NONE && read_togetherness(pack, arena, err);
}

static bool read_groups(PackFile *pack, Arena *arena, Error *err)
{
    char **names = NULL;
    size_t count = 0;
    PackTables *tables = &pack->tables;
    if (!h5_list(pack->file, "/labels", &names, &count, err)) return false;
    if (count > GROUPS_MAX) {
        free(names);
        return error_set(err, ERROR_DATA, "%s: has %zu label groups; at most %d are possible",
                         pack->path, count, GROUPS_MAX);
    }
    tables->group = arena_new(arena, LabelGroup, count + 1);
    bool ok = true;
    LabelSource source = {pack->path, pack->file, tables->records, pack->file_bytes, arena};
    for (size_t g = 0; g < count && ok; g++)
        ok = labels_read(&tables->group[tables->groups++], arena_strdup(arena, names[g]), &source,
                         err);
    free(names);
    return ok;
}

/* Offsets rise from 0 to the length of the image bytes; sizes and splits make sense. */
static bool check_tables(PackFile *pack, uint64_t image_bytes, Error *err)
{
    const int32_t *size = pack->tables.size;
    const uint8_t *split = pack->tables.split;
    size_t n = pack->tables.records;
    if (pack->offset[0] != 0 || pack->offset[n] != image_bytes)
        return error_set(err, ERROR_DATA, "%s: its offsets do not cover its image bytes",
                         pack->path);
    for (size_t r = 0; r < n; r++) {
        uint64_t bytes = pack->offset[r + 1] - pack->offset[r];
        if (pack->offset[r + 1] < pack->offset[r] || bytes > image_bytes)
            return error_set(err, ERROR_DATA, "%s: image %zu lies outside the image bytes",
                             pack->path, r);
        if (size[2 * r] < 1 || size[2 * r + 1] < 1 || size[2 * r] > IMAGE_SIDE_MAX ||
            size[2 * r + 1] > IMAGE_SIDE_MAX)
            return error_set(err, ERROR_DATA,
                             "%s: image %zu has the size %d x %d; sides from 1 to "
                             "%d are possible",
                             pack->path, r, size[2 * r], size[2 * r + 1], IMAGE_SIDE_MAX);
        if (split[r] >= SPLIT_COUNT)
            return error_set(err, ERROR_DATA, "%s: image %zu is in split %u, which does not exist",
                             pack->path, r, split[r]);
        if (bytes > pack->largest) pack->largest = bytes;
    }
    return true;
}

static bool find_images(PackFile *pack, uint64_t *image_bytes, Error *err)
{
    H5Type type;
    H5Shape shape;
    if (!h5_info(pack->file, "/images/bytes", &type, &shape, err)) return false;
    if (type != H5_U8 || shape.rank != 1 || shape.dim[0] > pack->file_bytes)
        return error_set(err, ERROR_DATA, "%s: /images/bytes is no list of bytes", pack->path);
    *image_bytes = shape.dim[0];
    if (!h5_offset(pack->file, "/images/bytes", &pack->base))
        return true; /* pack_file_read goes through HDF5 */
    h5_close(pack->file, err);
    pack->file = NULL;
    pack->fd = open(pack->path, O_RDONLY | O_CLOEXEC);
    return pack->fd >= 0 ||
           error_set(err, ERROR_SYSTEM, "cannot open %s: %s", pack->path, strerror(errno));
}

static void read_creator(PackFile *pack, Arena *arena)
{
    char *text;
    pack->creator = "unknown";
    if (!h5_read_attribute_text(pack->file, "/", "created_by", &text, &(Error){0})) return;
    pack->creator = arena_strdup(arena, text);
    free(text);
}

static bool read_all(PackFile *pack, Arena *arena, Error *err)
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
    if (!pack->file || !read_images(pack, arena, err) || !read_groups(pack, arena, err))
        return false;
    read_creator(pack, arena);
    return find_images(pack, &image_bytes, err) && check_tables(pack, image_bytes, err);
}

bool pack_file_open(PackFile *file, const char *path, const char *name, Arena *arena, Error *err)
{
    *file = (PackFile){
        .path = path, .name = name, .fd = -1, .lock = arena_new(arena, pthread_mutex_t, 1)};
    pthread_mutex_init(file->lock, NULL);
    return read_all(file, arena, err);
}

void pack_file_close(PackFile *file)
{
    if (file->file) h5_close(file->file, &(Error){0});
    if (file->fd >= 0) close(file->fd);
    pthread_mutex_destroy(file->lock);
}

/* --- the bytes --- */

size_t pack_file_image_bytes(const PackFile *file, size_t record)
{
    return (size_t)(file->offset[record + 1] - file->offset[record]);
}

static bool read_bytes(const PackFile *file, size_t record, uint8_t *buffer)
{
    size_t bytes = pack_file_image_bytes(file, record);
    if (file->fd >= 0)
        return file_pread(file->fd, buffer, bytes, file->base + file->offset[record]);
    pthread_mutex_lock(file->lock);
    bool ok = h5_read_slice(file->file, "/images/bytes", H5_U8, file->offset[record], bytes, buffer,
                            &(Error){0});
    pthread_mutex_unlock(file->lock);
    return ok;
}

bool pack_file_read(const PackFile *file, size_t record, uint8_t *buffer, Error *err)
{
    errno = EIO;
    if (!read_bytes(file, record, buffer))
        return error_set(err, ERROR_SYSTEM, "cannot read image %zu of %s: %s", record, file->path,
                         strerror(errno));
    if (hash64(buffer, pack_file_image_bytes(file, record)) != file->checksum[record])
        return error_set(err, ERROR_DATA, "image %zu of %s is damaged: its checksum does not match",
                         record, file->path);
    return true;
}
