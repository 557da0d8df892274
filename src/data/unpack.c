/* A pack becomes files again, by way of its listing. */
#include "data/unpack.h"

#include "base/progress.h"
#include "data/csv.h"
#include "io/file.h"
#include "listing.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* --- images --- */

/* Not synced: whoever unpacks has the pack. */
static bool write_bytes(const char *path, const uint8_t *data, size_t bytes, Error *err)
{
    char above[PATH_BYTES];
    file_folder(path, above, sizeof above);
    if (!file_make_folders(above, err)) return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && file_pwrite(fd, data, bytes, 0);
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    return ok || error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(reason));
}

static bool write_image(const Listing *listing, size_t record, const char *folder, Error *err)
{
    uint8_t *data = NULL;
    size_t bytes;
    char images[PATH_BYTES], path[PATH_BYTES];
    const char *name = listing->path[record];
    if (!*name || path_leaves_root(name))
        return error_set(err, ERROR_DATA, "the path \"%s\" of image %zu would leave the folder %s",
                         name, record, folder);
    file_join(images, sizeof images, folder, "images");
    file_join(path, sizeof path, images, name);
    bool ok = listing->source->read(listing->source, record, &data, &bytes, err) &&
              write_bytes(path, data, bytes, err);
    free(data);
    return ok;
}

static bool write_images(const Listing *listing, const char *folder, Error *err)
{
    Progress progress;
    progress_start(&progress, "unpacking", "images", listing->count, 0);
    for (size_t r = 0; r < listing->count; r++) {
        if (!write_image(listing, r, folder, err)) {
            progress_hide(&progress);
            return false;
        }
        progress_set(&progress, r + 1);
    }
    progress_finish(&progress);
    return true;
}

/* --- the manifest --- */

/* The column of groups that are to stay together must not be called as a label group is. */
static const char *group_column(const Listing *listing, Arena *arena)
{
    const char *name = "group";
    for (int g = 0; g < listing->groups; g++)
        if (strcmp(listing->group_name[g], name) == 0) {
            name = arena_printf(arena, "%s_", name);
            g = -1;
        }
    return name;
}

static bool check_columns(const Listing *listing, Error *err)
{
    for (int g = 0; g < listing->groups; g++)
        if (strcmp(listing->group_name[g], "path") == 0 ||
            strcmp(listing->group_name[g], "split") == 0)
            return error_set(
                err, ERROR_DATA,
                "a label group is called \"%s\", which a manifest has for other things",
                listing->group_name[g]);
    return true;
}

static void write_row(FILE *file, const Listing *listing, size_t record)
{
    csv_write_field(file, listing->path[record]);
    fprintf(file, ",%s", listing->split[record]);
    for (int g = 0; g < listing->groups; g++) {
        fputc(',', file);
        if (listing->label[g][record]) csv_write_field(file, listing->label[g][record]);
    }
    if (listing->keep_together) {
        fputc(',', file);
        csv_write_field(file, listing->keep_together[record]);
    }
    fputc('\n', file);
}

static bool write_manifest(const Listing *listing, const char *path, Error *err)
{
    char temporary[PATH_BYTES];
    file_temporary(path, temporary, sizeof temporary);
    FILE *file = fopen(temporary, "w");
    if (!file) return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    fputs("path,split", file);
    for (int g = 0; g < listing->groups; g++) {
        fputc(',', file);
        csv_write_field(file, listing->group_name[g]);
    }
    if (listing->keep_together) fprintf(file, ",%s", group_column(listing, listing->memory));
    fputc('\n', file);
    for (size_t r = 0; r < listing->count; r++) write_row(file, listing, r);
    bool bad = ferror(file) != 0;
    if (fclose(file) == 0 && !bad) return file_commit(temporary, path, err);
    int reason = errno;
    unlink(temporary);
    return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(reason));
}

/* --- all --- */

bool pack_unpack(const char *pack, const char *folder, Error *err)
{
    char manifest[PATH_BYTES];
    Listing listing;
    file_join(manifest, sizeof manifest, folder, "manifest.csv");
    if (file_exists(manifest))
        return error_set(err, ERROR_USAGE, "%s is there already; choose another folder", manifest);
    bool ok = listing_of_pack(&listing, pack, err) && check_columns(&listing, err) &&
              file_make_folders(folder, err) && write_images(&listing, folder, err) &&
              write_manifest(&listing, manifest, err);
    listing_free(&listing);
    return ok;
}

bool pack_again_command(char *text, size_t bytes, const char *path, const char *folder, Error *err)
{
    Listing listing;
    bool ok = listing_of_pack(&listing, path, err);
    if (ok) {
        Arena *arena = listing.memory;
        const char *labels = "";
        for (int g = 0; g < listing.groups; g++) {
            bool plain = listing.kind[g] == LABEL_CLASS;
            labels = arena_printf(arena, "%s%s%s%s%s", labels, g ? "," : "", listing.group_name[g],
                                  plain ? "" : ":", plain ? "" : label_kind_name(listing.kind[g]));
        }
        snprintf(text, bytes,
                 "umbel pack --manifest %s/manifest.csv --root %s/images --labels %s%s%s "
                 "--allow-unseen --out AGAIN.h5",
                 folder, folder, labels, listing.keep_together ? " --group " : "",
                 listing.keep_together ? group_column(&listing, arena) : "");
    }
    listing_free(&listing);
    return ok;
}
