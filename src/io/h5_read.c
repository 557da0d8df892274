/* HDF5: arrays, texts, attributes and names read; no more memory than the file's size justifies. */
#include "h5_native.h"

#include "base/pulse.h"
#include "io/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_contiguous(hid_t set)
{
    hid_t creation = H5Dget_create_plist(set);
    bool contiguous = H5Pget_layout(creation) == H5D_CONTIGUOUS;
    H5Pclose(creation);
    return contiguous;
}

/* What an array of `bytes` takes of the file; less if it is compressed, as other programs write. */
static uint64_t place_of(hid_t set, uint64_t bytes)
{
    return is_contiguous(set) ? bytes : H5Dget_storage_size(set);
}

/* Whether `bytes` may be read in addition to all that has been. */
static bool take(H5 *file, uint64_t bytes)
{
    if (bytes > file->unread) return false;
    file->unread -= bytes;
    return true;
}

static const char *shape_text(H5Shape shape, char text[96])
{
    size_t used = (size_t)snprintf(text, 96, "(");
    for (int i = 0; i < shape.rank && used < 90; i++)
        used += (size_t)snprintf(text + used, 96 - used, i ? ",%llu" : "%llu",
                                 (unsigned long long)shape.dim[i]);
    if (used < 95) snprintf(text + used, 96 - used, ")");
    return text;
}

bool h5_has(H5 *file, const char *name)
{
    bool has = H5Lexists(file->file, name, H5P_DEFAULT) > 0 &&
               H5Oexists_by_name(file->file, name, H5P_DEFAULT) > 0;
    H5Eclear2(H5E_DEFAULT);
    return has;
}

/* Shape of an open array; false if it has too many dimensions. */
static bool shape_of_data(hid_t set, H5Shape *shape)
{
    hid_t space = H5Dget_space(set);
    hsize_t dims[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_dims(space, dims, NULL);
    H5Sclose(space);
    if (rank < 0 || rank > H5_RANK_MAX) return false;
    shape->rank = rank;
    for (int i = 0; i < rank; i++) shape->dim[i] = dims[i];
    return true;
}

/* HDF5 would read whatever file such an array names. */
static bool lies_elsewhere(hid_t set)
{
    hid_t creation = H5Dget_create_plist(set);
    bool elsewhere = H5Pget_layout(creation) == H5D_VIRTUAL || H5Pget_external_count(creation) != 0;
    H5Pclose(creation);
    return elsewhere;
}

/* Whether an array of `bytes` each can lie in the file; one that claims more is no reason to ask for
 * memory. Other programs may compress, by 1032 at the most (deflate): then its place in the file counts,
 * of which there may be none. */
static bool fits_file(const H5 *file, hid_t set, H5Shape shape, uint64_t bytes)
{
    enum { MOST_COMPRESSION = 1032 };
    hsize_t left = 0;
    if (bytes == 0 || H5Fget_filesize(file->file, &left) < 0) return false;
    if (!is_contiguous(set)) left = H5Dget_storage_size(set) * MOST_COMPRESSION;
    left /= bytes;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] == 0) return true;
        left /= shape.dim[i];
    }
    return left > 0;
}

/* Opens an array; -1 with an error if it is not there. */
static hid_t open_data(H5 *file, const char *name, Error *err)
{
    hid_t set = h5_has(file, name) ? H5Dopen2(file->file, name, H5P_DEFAULT) : -1;
    if (set < 0) {
        error_set(err, ERROR_DATA, "%s: has no array %s", file->path, name);
    } else if (lies_elsewhere(set)) {
        error_set(err, ERROR_DATA, "%s: %s: its data lie in another file", file->path, name);
        H5Dclose(set);
        set = -1;
    }
    H5Eclear2(H5E_DEFAULT);
    return set;
}

bool h5_info(H5 *file, const char *name, H5Type *type, H5Shape *shape, Error *err)
{
    hid_t set = open_data(file, name, err);
    if (set < 0) return false;
    hid_t stored = H5Dget_type(set);
    bool known = h5_find_type(stored, type) && shape_of_data(set, shape);
    bool fits = known && fits_file(file, set, *shape, H5Tget_size(stored));
    H5Tclose(stored);
    H5Dclose(set);
    if (known && !fits)
        return error_set(err, ERROR_DATA, "%s: %s: claims to be larger than the file", file->path,
                         name);
    return known || error_set(err, ERROR_DATA, "%s: %s: is of a type or rank that is not expected",
                              file->path, name);
}

static bool same_shape(H5Shape a, H5Shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

bool h5_read(H5 *file, const char *name, H5Type type, H5Shape shape, void *data, Error *err)
{
    H5Type have_type;
    H5Shape have;
    if (!h5_info(file, name, &have_type, &have, err)) return false;
    if (have_type != type || !same_shape(have, shape)) {
        char found[96], wanted[96];
        return error_set(err, ERROR_DATA, "%s: %s: is %s %s, not %s %s", file->path, name,
                         h5_type_name(have_type), shape_text(have, found), h5_type_name(type),
                         shape_text(shape, wanted));
    }
    if (h5_elements(shape) == 0) return true;
    hid_t set = H5Dopen2(file->file, name, H5P_DEFAULT);
    if (!take(file, place_of(set, h5_elements(shape) * H5Tget_size(h5_memory_type(type))))) {
        H5Dclose(set);
        return error_set(err, ERROR_DATA, "%s: %s: the file claims to hold more than its size",
                         file->path, name);
    }
    pulse_file_begin("reading an HDF5 file", file_seconds(h5_elements(shape) * sizeof(double)));
    bool ok = H5Dread(set, h5_memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
    pulse_file_end();
    H5Dclose(set);
    return ok || h5_fail(file, err, "read", name);
}

bool h5_read_slice(H5 *file, const char *name, H5Type type, uint64_t begin, uint64_t count,
                   void *data, Error *err)
{
    hid_t set = open_data(file, name, err);
    if (set < 0) return false;
    hsize_t start = begin, length = count;
    hid_t all = H5Dget_space(set), slice = H5Screate_simple(1, &length, NULL);
    bool ok = H5Sget_simple_extent_ndims(all) == 1 &&
              H5Sselect_hyperslab(all, H5S_SELECT_SET, &start, NULL, &length, NULL) >= 0 &&
              H5Sselect_valid(all) > 0 &&
              H5Dread(set, h5_memory_type(type), slice, all, H5P_DEFAULT, data) >= 0;
    H5Sclose(slice);
    H5Sclose(all);
    H5Dclose(set);
    return ok || h5_fail(file, err, "read a slice of", name);
}

/* `count` texts from a block of `bytes` each, as one allocation: pointers, then the texts. */
static char **unpack_texts(const char *block, size_t count, size_t bytes)
{
    char **texts = malloc((count + 1) * sizeof *texts + count * (bytes + 1) + 1);
    if (!texts) die("HDF5: no memory for %zu texts", count);
    char *at = (char *)(texts + count + 1);
    for (size_t i = 0; i < count; i++) {
        texts[i] = at;
        memcpy(at, block + i * bytes, bytes);
        at[bytes] = 0;
        at += strlen(at) + 1;
    }
    texts[count] = NULL;
    return texts;
}

/* Texts need a rank-1 array of fixed-length strings whose size agrees with the file's. */
static bool read_text_block(H5 *file, hid_t set, hid_t type, H5Shape *shape, char **block,
                            size_t *bytes)
{
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0) return false;
    if (!shape_of_data(set, shape) || shape->rank != 1) return false;
    *bytes = H5Tget_size(type);
    if (!fits_file(file, set, *shape, *bytes) || !take(file, place_of(set, shape->dim[0] * *bytes)))
        return false;
    *block = malloc(shape->dim[0] * *bytes + 1);
    if (!*block) return false;
    return shape->dim[0] == 0 || H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *block) >= 0;
}

bool h5_read_texts(H5 *file, const char *name, char ***texts, size_t *count, Error *err)
{
    hid_t set = open_data(file, name, err);
    if (set < 0) return false;
    hid_t type = H5Dget_type(set);
    H5Shape shape;
    char *block = NULL;
    size_t bytes = 0;
    bool ok = read_text_block(file, set, type, &shape, &block, &bytes);
    if (ok) {
        *texts = unpack_texts(block, shape.dim[0], bytes);
        *count = shape.dim[0];
    }
    free(block);
    H5Tclose(type);
    H5Dclose(set);
    return ok ||
           error_set(err, ERROR_DATA, "%s: %s: is no list of fixed-length texts", file->path, name);
}

/* Opens an attribute; -1 with an error if it is not there. */
static hid_t open_attribute(H5 *file, const char *name, const char *key, Error *err)
{
    hid_t attribute = H5Aopen_by_name(file->file, name, key, H5P_DEFAULT, H5P_DEFAULT);
    H5Eclear2(H5E_DEFAULT);
    if (attribute < 0) error_set(err, ERROR_DATA, "%s: has no attribute %s", file->path, key);
    return attribute;
}

bool h5_read_attribute_text(H5 *file, const char *name, const char *key, char **text, Error *err)
{
    hid_t attribute = open_attribute(file, name, key, err);
    if (attribute < 0) return false;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    size_t bytes = H5Tget_size(type);
    bool fixed = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) <= 0 &&
                 H5Sget_simple_extent_npoints(space) == 1 && take(file, bytes);
    *text = fixed ? calloc(bytes + 1, 1) : NULL;
    bool ok = *text && H5Aread(attribute, type, *text) >= 0;
    if (!ok) free(*text);
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    return ok ||
           error_set(err, ERROR_DATA, "%s: attribute %s is no fixed-length text", file->path, key);
}

bool h5_read_attribute_int(H5 *file, const char *name, const char *key, int64_t *value, Error *err)
{
    hid_t attribute = open_attribute(file, name, key, err);
    if (attribute < 0) return false;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    bool ok = H5Tget_class(type) == H5T_INTEGER && H5Sget_simple_extent_npoints(space) == 1 &&
              H5Aread(attribute, H5T_NATIVE_INT64, value) >= 0;
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    return ok || error_set(err, ERROR_DATA, "%s: attribute %s is no integer", file->path, key);
}

bool h5_offset(H5 *file, const char *name, uint64_t *offset)
{
    hid_t set = H5Dopen2(file->file, name, H5P_DEFAULT);
    haddr_t address = set >= 0 ? H5Dget_offset(set) : HADDR_UNDEF;
    if (set >= 0) H5Dclose(set);
    H5Eclear2(H5E_DEFAULT);
    *offset = address;
    return address != HADDR_UNDEF;
}

/* --- listing --- */

typedef struct NameList {
    char *text; /* names with their zeros, one behind the other */
    size_t bytes, capacity, count;
} NameList;

static herr_t collect_name(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    (void)group;
    (void)info;
    NameList *list = context;
    size_t length = strlen(name) + 1;
    if (list->bytes + length > list->capacity) {
        list->capacity = 2 * list->capacity + length + 1024;
        char *larger = realloc(list->text, list->capacity);
        if (!larger) die("HDF5: out of memory");
        list->text = larger;
    }
    memcpy(list->text + list->bytes, name, length);
    list->bytes += length;
    list->count++;
    return 0;
}

bool h5_list(H5 *file, const char *group, char ***names, size_t *count, Error *err)
{
    NameList list = {0};
    hid_t open = h5_has(file, group) ? H5Gopen2(file->file, group, H5P_DEFAULT) : -1;
    bool ok = open >= 0 &&
              H5Literate(open, H5_INDEX_CRT_ORDER, H5_ITER_INC, NULL, collect_name, &list) >= 0;
    if (open >= 0) H5Gclose(open);
    H5Eclear2(H5E_DEFAULT);
    if (ok) {
        char **all = malloc((list.count + 1) * sizeof *all + list.bytes + 1);
        if (!all) die("HDF5: out of memory");
        char *at = (char *)(all + list.count + 1);
        if (list.bytes) memcpy(at, list.text, list.bytes);
        for (size_t i = 0; i < list.count; i++, at += strlen(at) + 1) all[i] = at;
        all[list.count] = NULL;
        *names = all;
        *count = list.count;
    }
    free(list.text);
    return ok || error_set(err, ERROR_DATA, "%s: has no group %s with a creation order", file->path,
                           group);
}
