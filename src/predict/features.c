/* Feature files: the rows of a block, and the file's name. */
#include "feature_kinds.h"

#include "io/file.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const FeatureKind *const kinds[] = {&feature_kind_h5, &feature_kind_npy};

struct FeatureFile {
    const FeatureKind *kind;
    void *file;
    char path[PATH_MAX], temporary[PATH_MAX];
    int length, rows;
    float *row; /* (FEATURE_ROWS,length) */
    char *name[FEATURE_ROWS];
};

static const FeatureKind *find_kind(const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t ending = strlen(kinds[i]->ending);
        if (length > ending && strcmp(path + length - ending, kinds[i]->ending) == 0)
            return kinds[i];
    }
    return NULL;
}

FeatureFile *feature_file_create(const char *path, int length, Error *err)
{
    const FeatureKind *kind = find_kind(path);
    if (!kind) {
        error_set(err, ERROR_USAGE, "--features: %s must end in .h5 or .npy", path);
        return NULL;
    }
    FeatureFile *file = calloc(1, sizeof *file);
    if (!file || !(file->row = malloc(sizeof(float) * FEATURE_ROWS * (size_t)length)))
        die("features: out of memory");
    file->kind = kind;
    file->length = length;
    snprintf(file->path, sizeof file->path, "%s", path);
    file_temporary(path, file->temporary, sizeof file->temporary);
    file->file = kind->create(file->temporary, length, err);
    if (file->file) return file;
    error_context(err, "cannot create %s", path);
    remove(file->temporary);
    free(file->row);
    free(file);
    return NULL;
}

static bool write_rows(FeatureFile *file, Error *err)
{
    int rows = file->rows;
    file->rows = 0;
    bool ok = file->kind->append(file->file, (const char *const *)file->name, file->row, rows, err);
    for (int i = 0; i < rows; i++) free(file->name[i]), file->name[i] = NULL;
    return ok || error_context(err, "cannot write %s", file->path);
}

bool feature_file_add(FeatureFile *file, const char *name, const float *features, Error *err)
{
    float *row = file->row + (size_t)file->rows * (size_t)file->length;
    for (int i = 0; i < file->length; i++) row[i] = features ? features[i] : NAN;
    if (!(file->name[file->rows] = strdup(name))) die("features: out of memory");
    return ++file->rows < FEATURE_ROWS || write_rows(file, err);
}

bool feature_file_close(FeatureFile *file, bool keep, Error *err)
{
    if (!file) return true;
    bool ok = keep && write_rows(file, err);
    for (int i = 0; i < file->rows; i++) free(file->name[i]); /* that were not written */
    Error closing = {0};
    if (!file->kind->close(file->file, ok, &closing))
        ok = error_set(err, closing.kind, "cannot write %s: %s", file->path, closing.text);
    if (ok)
        ok = file_commit(file->temporary, file->path, err);
    else
        remove(file->temporary);
    free(file->row);
    free(file);
    return ok || !keep;
}
