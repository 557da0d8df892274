/* Features as HDF5. */
#include "feature_kinds.h"

#include "io/h5.h"

static void *create(const char *path, int length, Error *err)
{
    H5 *file = h5_create(path, err);
    if (!file) return NULL;
    if (h5_write_attribute_text(file, "/", "format", "umbel features", err) &&
        h5_create_rows(file, "/features", H5_F32, (uint64_t)length, err) &&
        h5_create_text_rows(file, "/paths", err))
        return file;
    h5_close(file, &(Error){0});
    return NULL;
}

static bool append(void *file, const char *const *names, const float *rows, int count, Error *err)
{
    return h5_append_rows(file, "/features", H5_F32, (uint64_t)count, rows, err) &&
           h5_append_texts(file, "/paths", names, (size_t)count, err);
}

static bool close_file(void *file, Error *err)
{
    return h5_close(file, err);
}

const FeatureKind feature_kind_h5 = {".h5", create, append, close_file};
