/* Tar files through libarchive. */
#include "io/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const size_t BLOCK_BYTES = (size_t)1 << 20;

struct Tar {
    struct archive *archive;
    char *path;
    uint64_t bytes; /* of the entry */
};

static bool fail(const Tar *tar, const char *what, Error *err)
{
    const char *why = archive_error_string(tar->archive);
    return error_set(err, ERROR_DATA, "cannot %s %s: %s", what, tar->path,
                     why ? why : "no reason given");
}

Tar *tar_open(const char *path, Error *err)
{
    if (access(path, R_OK) != 0) {
        error_set(err, ERROR_SYSTEM, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    Tar *tar = calloc(1, sizeof *tar);
    if (!tar) die("no memory to read %s", path);
    tar->path = strdup(path);
    tar->archive = archive_read_new();
    if (!tar->path || !tar->archive) die("no memory to read %s", path);
    archive_read_support_format_tar(tar->archive);
    archive_read_support_filter_gzip(tar->archive);
    archive_read_support_filter_xz(tar->archive);
    archive_read_support_filter_zstd(tar->archive);
    if (archive_read_open_filename(tar->archive, path, BLOCK_BYTES) == ARCHIVE_OK) return tar;
    fail(tar, "open", err);
    tar_close(tar);
    return NULL;
}

void tar_close(Tar *tar)
{
    if (!tar) return;
    archive_read_free(tar->archive);
    free(tar->path);
    free(tar);
}

bool tar_next(Tar *tar, TarEntry *entry, Error *err)
{
    struct archive_entry *header;
    int code;
    /* A warning is about what does not concern us: names in a locale that cannot hold them, owners. */
    while ((code = archive_read_next_header(tar->archive, &header)) == ARCHIVE_OK ||
           code == ARCHIVE_WARN) {
        const char *name = archive_entry_pathname_utf8(header); /* whatever the locale is */
        if (!name) name = archive_entry_pathname(header);
        if (archive_entry_filetype(header) != AE_IFREG || archive_entry_hardlink(header)) continue;
        if (!name || archive_entry_size(header) < 0)
            return error_set(err, ERROR_DATA, "%s: has a file without a name or size", tar->path);
        tar->bytes = (uint64_t)archive_entry_size(header);
        *entry = (TarEntry){name, tar->bytes};
        return true;
    }
    return code == ARCHIVE_EOF ? false : fail(tar, "read", err);
}

/* Twice the room, and a byte more, but not beyond `most`: a header may claim what the file does not have. */
static bool grow(uint8_t **buffer, size_t *room, size_t most)
{
    enum { FIRST = 1 << 16 };
    size_t wanted = *room ? 2 * *room : FIRST;
    if (wanted > most) wanted = most;
    uint8_t *larger = realloc(*buffer, wanted + 1);
    if (!larger) free(*buffer);
    *buffer = larger;
    *room = wanted;
    return larger != NULL;
}

bool tar_read(Tar *tar, uint64_t most, uint8_t **data, size_t *bytes, Error *err)
{
    if (tar->bytes > most)
        return error_set(err, ERROR_DATA, "has %llu bytes; at most %llu are possible",
                         (unsigned long long)tar->bytes, (unsigned long long)most);
    size_t used = 0, room = 0;
    uint8_t *buffer = NULL;
    for (la_ssize_t got = 1; got > 0 && used < tar->bytes; used += (size_t)got) {
        if (used == room && !grow(&buffer, &room, (size_t)tar->bytes))
            return error_set(err, ERROR_SYSTEM, "no memory for %zu bytes", (size_t)tar->bytes);
        got = archive_read_data(tar->archive, buffer + used, room - used);
        if (got < 0) {
            free(buffer);
            return fail(tar, "read", err);
        }
    }
    if (!buffer && !grow(&buffer, &room, 0))
        return error_set(err, ERROR_SYSTEM, "no memory to read %s", tar->path);
    buffer[used] = 0;
    *data = buffer;
    *bytes = used;
    if (used == tar->bytes) return true;
    free(buffer);
    return error_set(err, ERROR_DATA, "cannot read %s: a file in it is shorter than it should be",
                     tar->path);
}
