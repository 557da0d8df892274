/* Private to io, and the only file that includes hdf5.h. Each call opens what it needs and closes it again:
 * the files hold few objects, and nothing stays open on an error. */
#pragma once

#include "io/h5.h"

#include <hdf5.h>
#include <stdbool.h>

enum { PATH_BYTES = 1024 };

struct H5 {
    hid_t file;
    char path[PATH_BYTES];
    bool writing;
    bool failed;     /* a write was refused */
    uint64_t unread; /* bytes that may still be asked for, see take */
};

/* h5.c: sets the error "cannot WHAT PATH: NAME: reason", and false; a write that the system refused is told
 * by the system's reason alone, since the caller knows the file's real name. First after a call of the
 * library that failed: every other call forgets the reason. */
bool h5_fail(H5 *file, Error *err, const char *what, const char *name);

/* h5_types.c */
hid_t h5_memory_type(H5Type type);
hid_t h5_stored_type(H5Type type);
const char *h5_type_name(H5Type type); /* "uint8" */
bool h5_find_type(hid_t stored, H5Type *type);
uint64_t h5_elements(H5Shape shape);

/* h5_empty.c: makes a file without objects at `path`; false: errno tells why. */
bool h5_write_empty(const char *path);
