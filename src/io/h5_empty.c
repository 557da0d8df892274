/* A file without objects, made in memory; its bytes are caught as the library frees them. */
#include "h5_native.h"

#include "base/error.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

bool h5_write_empty(const char *path)
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
