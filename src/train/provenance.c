/* Provenance: recorded in checkpoints, compared over ranks and on resume. */
#include "train/provenance.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/version.h"
#include "data/image.h"
#include "io/h5.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

#include <gnu/libc-version.h>
#include <string.h>

const char *provenance_text(Arena *arena)
{
    return arena_printf(arena,
                        "umbel: %s (commit %s, %s)\n"
                        "kernels: %s\n"
                        "matrix products: %s\n"
                        "BLAS: %s, core %s, %s\n"
                        "MPI: %s\n"
                        "HDF5: %s\n"
                        "JPEG: %s\n"
                        "C library: glibc %s",
                        version_text(), version_commit(), version_compiler(), kernels()->isa,
                        gemm_kind_name(), gemm_library(), gemm_core(), gemm_threading(),
                        comm_library(), h5_version(), image_jpeg_library(), gnu_get_libc_version());
}

bool provenance_agree(Comm *comm, const char *text, Error *err)
{
    if (!comm_all_equal(comm, hash_text(text)) && comm_rank(comm) == 0)
        error_set(
            err, ERROR_SYSTEM,
            "the ranks would not compute the same bits: program, instruction set or libraries "
            "differ between nodes (see umbel --version on each); UMBEL_ISA=v3 with "
            "OPENBLAS_CORETYPE=Haswell makes different x86-64 CPUs equal");
    return comm_agree(comm, err);
}

/* The line of `text` that begins with the same name as `line`. */
static const char *same_name(const char *text, const char *line)
{
    size_t name = strcspn(line, ":") + 1;
    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, line, name) == 0) return at;
    return NULL;
}

void provenance_compare(const char *now, const char *saved)
{
    for (const char *line = now; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *other = same_name(saved, line);
        int length = (int)strcspn(line, "\n"), other_length = other ? (int)strcspn(other, "\n") : 0;
        if (other && length == other_length && strncmp(line, other, (size_t)length) == 0) continue;
        log_warning(
            "the checkpoint was written with another environment, so bits may differ: %.*s; "
            "then %.*s",
            length, line, other ? other_length : 7, other ? other : "unknown");
    }
}
