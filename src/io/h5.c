/*
 * HDF5; the only file that includes hdf5.h. Each call opens what it needs and closes it again: the
 * files hold few objects, and nothing stays open on an error. Byte-identical output needs object
 * times off in the file's and in each group's and data set's creation list.
 */
#include "io/h5.h"

#include "base/pulse.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATH_BYTES = 1024 };

struct H5 {
    hid_t file;
    char path[PATH_BYTES];
    bool writing;
    bool failed;     /* a write was refused */
    uint64_t unread; /* bytes that may still be asked for, see take */
};

/* --- errors --- */

/* The library's innermost reason, or what the system said to it. */
typedef struct Reason {
    char text[256];
    int number; /* errno; 0: none */
} Reason;

static herr_t take_description(unsigned n, const H5E_error2_t *error, void *context)
{
    (void)n;
    Reason *reason = context;
    if (!error->desc || !*error->desc) return 0;
    const char *number = strstr(error->desc, "errno = ");
    if (number) reason->number = (int)strtol(number + strlen("errno = "), NULL, 10);
    snprintf(reason->text, sizeof reason->text, "%s", error->desc);
    return 0;
}

/* "cannot WHAT PATH: NAME: reason"; a write that the system refused is told by the system's reason
 * alone, since the caller knows the file's real name. */
static bool fail(H5 *file, Error *err, const char *what, const char *name)
{
    Reason reason = {.text = "unknown reason"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, take_description, &reason);
    H5Eclear2(H5E_DEFAULT);
    file->failed = true;
    if (file->writing && file->file >= 0 && reason.number)
        return error_set(err, ERROR_SYSTEM, "%s", strerror(reason.number));
    return error_set(err, file->writing ? ERROR_SYSTEM : ERROR_DATA, "cannot %s %s%s%s: %s", what,
                     file->path, name ? ": " : "", name ? name : "",
                     reason.number ? strerror(reason.number) : reason.text);
}

/* HDF5 prints the errors of a thread unless told not to: it is told so while a file of ours is open
 * there, and prints again as its other users wish afterwards. */
static _Thread_local struct {
    int files;
    H5E_auto2_t print;
    void *context;
} silence;

static void begin_silence(void)
{
    if (silence.files++ > 0) return;
    H5Eget_auto2(H5E_DEFAULT, &silence.print, &silence.context);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static void end_silence(void)
{
    if (--silence.files == 0) H5Eset_auto2(H5E_DEFAULT, silence.print, silence.context);
}

/* Locks fail on file systems without them, and no file is written while it is read. Before 1.10.7
 * only the environment could say so. */
static hid_t file_access(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(access, false, true);
#else
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
#endif
    return access;
}

/* --- types --- */

static hid_t memory_type(H5Type type)
{
    switch (type) {
    case H5_U8:
        return H5T_NATIVE_UINT8;
    case H5_I32:
        return H5T_NATIVE_INT32;
    case H5_I64:
        return H5T_NATIVE_INT64;
    case H5_U64:
        return H5T_NATIVE_UINT64;
    case H5_F32:
        return H5T_NATIVE_FLOAT;
    case H5_F64:
        return H5T_NATIVE_DOUBLE;
    }
    die("HDF5: unknown element type %d", (int)type);
}

static hid_t stored_type(H5Type type)
{
    switch (type) {
    case H5_U8:
        return H5T_STD_U8LE;
    case H5_I32:
        return H5T_STD_I32LE;
    case H5_I64:
        return H5T_STD_I64LE;
    case H5_U64:
        return H5T_STD_U64LE;
    case H5_F32:
        return H5T_IEEE_F32LE;
    case H5_F64:
        return H5T_IEEE_F64LE;
    }
    die("HDF5: unknown element type %d", (int)type);
}

static const char *type_name(H5Type type)
{
    static const char *const names[] = {"uint8", "int32", "int64", "uint64", "float32", "float64"};
    return names[type];
}

static bool find_type(hid_t stored, H5Type *type)
{
    for (int t = H5_U8; t <= H5_F64; t++)
        if (H5Tequal(stored, stored_type((H5Type)t)) > 0) {
            *type = (H5Type)t;
            return true;
        }
    return false;
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

/* --- files --- */

static H5 *new_file(const char *path, bool writing)
{
    H5 *file = calloc(1, sizeof *file);
    if (!file) die("HDF5: out of memory");
    begin_silence();
    snprintf(file->path, sizeof file->path, "%s", path);
    file->writing = writing;
    return file;
}

/* NULL with an error if opening failed. */
static H5 *opened(H5 *file, Error *err)
{
    if (file->file >= 0) return file;
    fail(file, err, file->writing ? "create" : "open", NULL);
    end_silence();
    free(file);
    return NULL;
}

/* A file without objects, made in memory; its bytes are caught as the library frees them. */
typedef struct EmptyFile {
    uint8_t data[1024];
    size_t bytes;
} EmptyFile;

static void *empty_malloc(size_t bytes, H5FD_file_image_op_t why, void *empty)
{
    (void)why;
    ((EmptyFile *)empty)->bytes = bytes;
    return malloc(bytes);
}

static void *empty_realloc(void *old, size_t bytes, H5FD_file_image_op_t why, void *empty)
{
    (void)why;
    ((EmptyFile *)empty)->bytes = bytes;
    return realloc(old, bytes);
}

static void *empty_memcpy(void *to, const void *from, size_t bytes, H5FD_file_image_op_t why,
                          void *empty)
{
    (void)why;
    (void)empty;
    return memcpy(to, from, bytes);
}

static herr_t empty_free(void *data, H5FD_file_image_op_t why, void *context)
{
    EmptyFile *empty = context;
    if (empty->bytes > sizeof empty->data) die("HDF5: an empty file has %zu bytes", empty->bytes);
    if (why == H5FD_FILE_IMAGE_OP_FILE_CLOSE) memcpy(empty->data, data, empty->bytes);
    free(data);
    return 0;
}

static void *empty_share(void *empty)
{
    return empty;
}

static herr_t empty_unshare(void *empty)
{
    (void)empty;
    return 0;
}

static void make_empty(EmptyFile *empty)
{
    H5FD_file_image_callbacks_t callbacks = {empty_malloc, empty_memcpy,  empty_realloc, empty_free,
                                             empty_share,  empty_unshare, empty};
    hid_t creation = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_obj_track_times(creation, false);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18);
    H5Pset_fapl_core(access, 1, false); /* grows by single bytes, so that its size is exact */
    H5Pset_file_image_callbacks(access, &callbacks);
    hid_t file = H5Fcreate("empty", H5F_ACC_TRUNC, creation, access);
    if (file < 0 || H5Fclose(file) < 0) die("HDF5: no memory for an empty file");
    H5Pclose(access);
    H5Pclose(creation);
}

static bool write_empty_file(const char *path)
{
    EmptyFile empty = {0};
    make_empty(&empty);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && file_pwrite(fd, empty.data, empty.bytes, 0);
    int reason = errno;
    if (fd >= 0) close(fd);
    if (fd >= 0 && !ok) unlink(path);
    errno = reason;
    return ok;
}

/* H5Fcreate would keep the file open for good if the disk happened to be full, and complain at the
 * program's end; so the file is made without it. */
H5 *h5_create(const char *path, Error *err)
{
    H5 *file = new_file(path, true);
    if (!write_empty_file(path)) {
        error_set(err, ERROR_SYSTEM, "cannot create %s: %s", path, strerror(errno));
        end_silence();
        free(file);
        return NULL;
    }
    hid_t access = file_access();
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18);
    file->file = H5Fopen(path, H5F_ACC_RDWR, access);
    file = opened(file, err); /* first of all: every other call forgets the reason */
    H5Pclose(access);
    return file;
}

/* Ours are read once; links could make one array many, and each would get memory of its own. */
enum { READS_PER_BYTE = 2 };

static uint64_t file_bytes(const H5 *file)
{
    hsize_t bytes = 0;
    return file->file >= 0 && H5Fget_filesize(file->file, &bytes) >= 0 ? bytes : 0;
}

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

static herr_t find_link(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    (void)group;
    (void)name;
    (void)context;
    return info->type != H5L_TYPE_HARD;
}

/* Closes the file, with an error, if it holds links by name, which can lead into any other file; ours
 * have none. NULL stays NULL. */
static H5 *without_links(H5 *file, Error *err)
{
    if (!file || H5Lvisit(file->file, H5_INDEX_NAME, H5_ITER_NATIVE, find_link, NULL) == 0)
        return file;
    error_set(err, ERROR_DATA, "%s: holds links to other places, or cannot be listed", file->path);
    h5_close(file, &(Error){0});
    return NULL;
}

H5 *h5_open(const char *path, Error *err)
{
    H5 *file = new_file(path, false);
    hid_t access = file_access();
    file->file = H5Fopen(path, H5F_ACC_RDONLY, access);
    file = opened(file, err); /* first of all: every other call forgets the reason */
    H5Pclose(access);
    if (!file) return NULL;
    file->unread = READS_PER_BYTE * file_bytes(file);
    return without_links(file, err);
}

/* After a refused write (a full disk) the library cannot close a file: it would keep it open, and its
 * space taken, for good, and crash at the program's end. So what it has left goes to memory. */
static void divert(H5 *file)
{
    void *descriptor;
    int memory = memfd_create("abandoned", MFD_CLOEXEC);
    if (memory < 0) return;
    if (H5Fget_vfd_handle(file->file, H5P_DEFAULT, &descriptor) >= 0)
        dup2(memory, *(int *)descriptor);
    close(memory);
    H5Fflush(file->file,
             H5F_SCOPE_LOCAL); /* without it, a close after a refused flush does nothing */
}

bool h5_close(H5 *file, Error *err)
{
    bool ok = true;
    pulse_file_begin("closing an HDF5 file", 0);
    if (file->writing && !file->failed && H5Fflush(file->file, H5F_SCOPE_LOCAL) < 0)
        ok = fail(file, err, "write", NULL);
    if (file->failed) divert(file);
    if (H5Fclose(file->file) < 0 && ok) ok = fail(file, err, "close", NULL);
    pulse_file_end();
    end_silence();
    free(file);
    return ok;
}

/* --- writing --- */

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

static uint64_t element_count(H5Shape shape)
{
    uint64_t count = 1;
    for (int i = 0; i < shape.rank; i++) count *= shape.dim[i];
    return count;
}

bool h5_write(H5 *file, const char *name, H5Type type, H5Shape shape, const void *data, Error *err)
{
    hid_t set = make_data(file, name, stored_type(type), shape, false);
    pulse_file_begin("writing an HDF5 file", file_seconds(element_count(shape) * sizeof(double)));
    bool ok = set >= 0 && (element_count(shape) == 0 || H5Dwrite(set, memory_type(type), H5S_ALL,
                                                                 H5S_ALL, H5P_DEFAULT, data) >= 0);
    pulse_file_end();
    if (!ok) fail(file, err, "write", name); /* before a call that forgets the reason */
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
    if (!ok) fail(file, err, "write", name);
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
    return ok || fail(file, err, "write attribute of", key);
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

bool h5_reserve(H5 *file, const char *name, H5Type type, H5Shape shape, uint64_t *offset,
                Error *err)
{
    hid_t set = make_data(file, name, stored_type(type), shape, true);
    haddr_t address = set >= 0 ? H5Dget_offset(set) : HADDR_UNDEF;
    if (set >= 0) H5Dclose(set);
    bool ok = set >= 0 && (address != HADDR_UNDEF || element_count(shape) == 0);
    *offset = address != HADDR_UNDEF ? address : 0;
    return ok || fail(file, err, "reserve", name);
}

/* --- reading --- */

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
    bool known = find_type(stored, type) && shape_of_data(set, shape);
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
                         type_name(have_type), shape_text(have, found), type_name(type),
                         shape_text(shape, wanted));
    }
    if (element_count(shape) == 0) return true;
    hid_t set = H5Dopen2(file->file, name, H5P_DEFAULT);
    if (!take(file, place_of(set, element_count(shape) * H5Tget_size(memory_type(type))))) {
        H5Dclose(set);
        return error_set(err, ERROR_DATA, "%s: %s: the file claims to hold more than its size",
                         file->path, name);
    }
    pulse_file_begin("reading an HDF5 file", file_seconds(element_count(shape) * sizeof(double)));
    bool ok = H5Dread(set, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
    pulse_file_end();
    H5Dclose(set);
    return ok || fail(file, err, "read", name);
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
              H5Dread(set, memory_type(type), slice, all, H5P_DEFAULT, data) >= 0;
    H5Sclose(slice);
    H5Sclose(all);
    H5Dclose(set);
    return ok || fail(file, err, "read a slice of", name);
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

const char *h5_version(void)
{
    static char text[32];
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}
