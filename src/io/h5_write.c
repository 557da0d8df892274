/* HDF5: arrays, texts and attributes written. */
#include "h5_native.h"

#include "base/pulse.h"
#include "io/file.h"

#include <stdlib.h>
#include <string.h>

/* Makes the groups on the way to `name`, each with its own creation list. */
static bool make_groups(H5 *file, const char *name)
{
    char partial[PATH_BYTES];
    bool ok = true;
    snprintf(partial, sizeof partial, "%s", name);
    hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_obj_track_times(creation, false);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    for (char *slash = strchr(partial + 1, '/'); slash && ok; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (H5Lexists(file->file, partial, H5P_DEFAULT) <= 0) {
            hid_t group = H5Gcreate2(file->file, partial, H5P_DEFAULT, creation, H5P_DEFAULT);
            ok = group >= 0;
            if (ok) H5Gclose(group);
        }
        *slash = '/';
    }
    H5Pclose(creation);
    return ok;
}

static hid_t data_creation(bool early)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, false);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    H5Pset_layout(creation, H5D_CONTIGUOUS);
    if (early) H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
    return creation;
}

static hid_t make_space(H5Shape shape)
{
    hsize_t dims[H5_RANK_MAX];
    for (int i = 0; i < shape.rank; i++) dims[i] = shape.dim[i];
    return H5Screate_simple(shape.rank, dims, NULL);
}

/* An array of any stored type, to be closed by the caller; negative on failure. */
static hid_t make_data(H5 *file, const char *name, hid_t type, H5Shape shape, bool early)
{
    if (!make_groups(file, name)) return -1;
    hid_t creation = data_creation(early), space = make_space(shape);
    hid_t data = H5Dcreate2(file->file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Sclose(space);
    H5Pclose(creation);
    return data;
}

bool h5_write(H5 *file, const char *name, H5Type type, H5Shape shape, const void *data, Error *err)
{
    hid_t set = make_data(file, name, h5_stored_type(type), shape, false);
    pulse_file_begin("writing an HDF5 file", file_seconds(h5_elements(shape) * sizeof(double)));
    bool ok = set >= 0 && (h5_elements(shape) == 0 || H5Dwrite(set, h5_memory_type(type), H5S_ALL,
                                                               H5S_ALL, H5P_DEFAULT, data) >= 0);
    pulse_file_end();
    if (!ok) h5_fail(file, err, "write", name); /* before a call that forgets the reason */
    if (set >= 0) H5Dclose(set);
    return ok;
}

/* Fixed-length UTF-8, padded with zeros. */
static hid_t text_type(size_t bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes > 0 ? bytes : 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

bool h5_write_texts(H5 *file, const char *name, const char *const *texts, size_t count, Error *err)
{
    size_t longest = 1;
    for (size_t i = 0; i < count; i++)
        if (strlen(texts[i]) > longest) longest = strlen(texts[i]);
    char *block = calloc(count + 1, longest);
    if (!block) die("HDF5: no memory for %zu texts of %zu bytes", count, longest);
    for (size_t i = 0; i < count; i++) memcpy(block + i * longest, texts[i], strlen(texts[i]));
    hid_t type = text_type(longest);
    hid_t set = make_data(file, name, type, (H5Shape){1, {count}}, false);
    bool ok =
        set >= 0 && (count == 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, block) >= 0);
    if (!ok) h5_fail(file, err, "write", name);
    if (set >= 0) H5Dclose(set);
    H5Tclose(type);
    free(block);
    return ok;
}

static bool write_attribute(H5 *file, const char *name, const char *key, hid_t type,
                            const void *value, Error *err)
{
    hid_t object = H5Oopen(file->file, name, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
    hid_t attribute =
        object < 0 ? -1 : H5Acreate2(object, key, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = attribute >= 0 && H5Awrite(attribute, type, value) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    if (object >= 0) H5Oclose(object);
    H5Sclose(space);
    return ok || h5_fail(file, err, "write attribute of", key);
}

bool h5_write_attribute_text(H5 *file, const char *name, const char *key, const char *text,
                             Error *err)
{
    hid_t type = text_type(strlen(text));
    bool ok = write_attribute(file, name, key, type, text, err);
    H5Tclose(type);
    return ok;
}

bool h5_write_attribute_int(H5 *file, const char *name, const char *key, int64_t value, Error *err)
{
    return write_attribute(file, name, key, H5T_STD_I64LE, &value, err);
}

static bool reserve(H5 *file, const char *name, hid_t type, H5Shape shape, uint64_t *offset,
                    Error *err)
{
    hid_t set = make_data(file, name, type, shape, true);
    haddr_t address = set >= 0 ? H5Dget_offset(set) : HADDR_UNDEF;
    if (set >= 0) H5Dclose(set);
    bool ok = set >= 0 && (address != HADDR_UNDEF || h5_elements(shape) == 0);
    *offset = address != HADDR_UNDEF ? address : 0;
    return ok || h5_fail(file, err, "reserve", name);
}

bool h5_reserve(H5 *file, const char *name, H5Type type, H5Shape shape, uint64_t *offset,
                Error *err)
{
    return reserve(file, name, h5_stored_type(type), shape, offset, err);
}

bool h5_reserve_texts(H5 *file, const char *name, size_t bytes, uint64_t count, uint64_t *offset,
                      Error *err)
{
    hid_t type = text_type(bytes);
    bool ok = reserve(file, name, type, (H5Shape){1, {count}}, offset, err);
    H5Tclose(type);
    return ok;
}
