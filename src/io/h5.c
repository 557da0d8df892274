/* HDF5: opening and closing files, and what the library says of its mistakes. Byte-identical output needs
 * object times off in the file's and in each group's and data set's creation list. */
#include "h5_native.h"

#include "base/pulse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

bool h5_fail(H5 *file, Error *err, const char *what, const char *name)
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
    h5_fail(file, err, file->writing ? "create" : "open", NULL);
    end_silence();
    free(file);
    return NULL;
}

/* H5Fcreate would keep the file open for good if the disk happened to be full, and complain at the
 * program's end; so the file is made without it. */
H5 *h5_create(const char *path, Error *err)
{
    H5 *file = new_file(path, true);
    if (!h5_write_empty(path)) {
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
        ok = h5_fail(file, err, "write", NULL);
    if (file->failed) divert(file);
    if (H5Fclose(file->file) < 0 && ok) ok = h5_fail(file, err, "close", NULL);
    pulse_file_end();
    end_silence();
    free(file);
    return ok;
}

const char *h5_version(void)
{
    static char text[32];
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}
