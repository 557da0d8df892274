/*
 * HDF5: arrays that grow. They are made of chunks, which go to the file at once instead of to the library's cache: a full
 * disk is told to the one who writes, not when something is closed.
 */
#include "h5_native.h"

#include "base/pulse.h"
#include "io/file.h"

#include <stdlib.h>

enum { CHUNK_BYTES = 1 << 18 };

static hid_t without_cache(void)
{
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, 0, 0, 0);
    return access;
}

static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static bool create(H5 *file, const char *name, hid_t type, size_t row_bytes, int rank,
                   uint64_t columns, Error *err)
{
    hsize_t rows = row_bytes > 0 && row_bytes < CHUNK_BYTES ? CHUNK_BYTES / row_bytes : 1;
    hsize_t none[2] = {0, columns}, most[2] = {H5S_UNLIMITED, columns}, chunk[2] = {rows, columns};
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE), access = without_cache();
    hid_t space = H5Screate_simple(rank, none, most);
    H5Pset_obj_track_times(creation, false);
    H5Pset_chunk(creation, rank, chunk);
    hid_t set = H5Dcreate2(file->file, name, type, space, H5P_DEFAULT, creation, access);
    if (set < 0) h5_fail(file, err, "make", name); /* before a call that forgets the reason */
    if (set >= 0) H5Dclose(set);
    H5Sclose(space);
    H5Pclose(creation);
    H5Pclose(access);
    return set >= 0;
}

bool h5_create_rows(H5 *file, const char *name, H5Type type, uint64_t columns, Error *err)
{
    hid_t stored = h5_stored_type(type);
    return create(file, name, stored, H5Tget_size(stored) * columns, 2, columns, err);
}

bool h5_create_text_rows(H5 *file, const char *name, Error *err)
{
    hid_t type = text_type();
    bool ok = create(file, name, type, H5Tget_size(type), 1, 1, err);
    H5Tclose(type);
    return ok;
}

/* Makes room behind the last row and writes there. */
static bool extend_and_write(hid_t set, hid_t type, uint64_t count, const void *data)
{
    hsize_t size[2] = {0, 0}, begin[2] = {0, 0};
    hid_t space = H5Dget_space(set);
    int rank = H5Sget_simple_extent_dims(space, size, NULL);
    H5Sclose(space);
    if (rank < 1) return false;
    hsize_t rows[2] = {count, size[1]};
    begin[0] = size[0];
    size[0] += count;
    if (H5Dset_extent(set, size) < 0) return false;
    hid_t memory = H5Screate_simple(rank, rows, NULL), target = H5Dget_space(set);
    bool ok = H5Sselect_hyperslab(target, H5S_SELECT_SET, begin, NULL, rows, NULL) >= 0 &&
              H5Dwrite(set, type, memory, target, H5P_DEFAULT, data) >= 0;
    H5Sclose(memory);
    H5Sclose(target);
    return ok;
}

static bool append(H5 *file, const char *name, hid_t type, uint64_t count, const void *data,
                   Error *err)
{
    if (count == 0) return true;
    hid_t access = without_cache(), set = H5Dopen2(file->file, name, access);
    H5Pclose(access);
    pulse_file_begin("writing an HDF5 file", file_seconds(CHUNK_BYTES));
    bool ok = set >= 0 && extend_and_write(set, type, count, data);
    pulse_file_end();
    if (!ok) h5_fail(file, err, "write", name);
    if (set >= 0) H5Dclose(set);
    return ok;
}

bool h5_append_rows(H5 *file, const char *name, H5Type type, uint64_t count, const void *data,
                    Error *err)
{
    return append(file, name, h5_memory_type(type), count, data, err);
}

bool h5_append_texts(H5 *file, const char *name, const char *const *texts, size_t count, Error *err)
{
    hid_t type = text_type();
    bool ok = append(file, name, type, count, texts, err);
    H5Tclose(type);
    return ok;
}
