/* Records that cannot be packed. */
#include "rejects.h"

#include "data/csv.h"
#include "io/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

void rejects_note(Rejects *rejects, size_t record, ErrorKind kind, const char *why, Error *err)
{
    rejects->rejected[record] = rejects->keep_going;
    if (rejects->keep_going)
        listing_reject(rejects->listing, rejects->listing->path[record], why);
    else if (err->count < PROBLEMS_MAX)
        error_set(err, kind, "%s; mend it, or leave out such files with --keep-going", why);
}

bool rejects_are_too_many(const Error *err)
{
    return err->count >= PROBLEMS_MAX;
}

void rejects_tell_end(Error *err)
{
    if (rejects_are_too_many(err))
        error_set(err, err->kind, "stopped at the %dth image that cannot be packed", PROBLEMS_MAX);
}

bool rejects_leave_some(const Listing *listing, Error *err)
{
    return listing->count > 0 ||
           error_set(err, ERROR_DATA, "no image is left: all %zu were rejected; the first: %s",
                     listing->rejects, listing->reject[0].reason);
}

void pack_rejects_path(char *path, size_t bytes, const char *out)
{
    snprintf(path, bytes, "%s.rejected.csv", out);
}

bool rejects_write(const Listing *listing, const char *out, Error *err)
{
    char path[PATH_BYTES], temporary[PATH_BYTES];
    pack_rejects_path(path, sizeof path, out);
    if (listing->rejects == 0) {
        unlink(path);
        return true;
    }
    file_temporary(path, temporary, sizeof temporary);
    FILE *file = fopen(temporary, "w");
    if (!file) return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    fprintf(file, "path,reason\n");
    for (size_t i = 0; i < listing->rejects; i++) {
        csv_write_field(file, listing->reject[i].path);
        fputc(',', file);
        csv_write_field(file, listing->reject[i].reason);
        fputc('\n', file);
    }
    bool bad = ferror(file) != 0;
    if (fclose(file) == 0 && !bad) return file_commit(temporary, path, err);
    unlink(temporary);
    return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
}
