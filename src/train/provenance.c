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
                        "arithmetic: %s\n"
                        "matrix products: %s\n"
                        "BLAS: %s, core %s, %s\n"
                        "MPI: %s\n"
                        "HDF5: %s\n"
                        "JPEG: %s\n"
                        "C library: glibc %s",
                        version_text(), version_commit(), version_compiler(), kernels()->isa,
                        kernels_arithmetic(kernels()->isa), gemm_kind_name(), gemm_library(),
                        gemm_core(), gemm_threading(), comm_library(), h5_version(),
                        image_jpeg_library(), gnu_get_libc_version());
}

/* --- lines --- */

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : NULL;
}

static bool is_named(const char *line, const char *name)
{
    return strncmp(line, name, strlen(name)) == 0;
}

/* Instruction sets of the same arithmetic give the same bits, and a BLAS that does not multiply none. */
static bool shapes_bits(const char *line)
{
    return !is_named(line, "kernels:") &&
           !(is_named(line, "BLAS:") && gemm_kind() != GEMM_OPENBLAS);
}

/* Hash of the lines that the bits depend on. */
static uint64_t hash_bits(const char *text)
{
    char kept[4096] = "";
    size_t used = 0;
    for (const char *line = text; line; line = next_line(line)) {
        size_t length = strcspn(line, "\n") + 1;
        if (!shapes_bits(line) || used + length >= sizeof kept) continue;
        memcpy(kept + used, line, length - 1);
        used += length;
        kept[used - 1] = '\n';
    }
    kept[used] = 0;
    return hash_text(kept);
}

bool provenance_agree(Comm *comm, const char *text, Error *err)
{
    if (!comm_all_equal(comm, hash_bits(text)) && comm_rank(comm) == 0)
        error_set(
            err, ERROR_SYSTEM,
            "the ranks would not compute the same bits: program, arithmetic or libraries "
            "differ between nodes (see umbel --version on each); umbel doctor says what to do");
    return comm_agree(comm, err);
}

/* The line of `text` that begins with the same name as `line`. */
static const char *same_name(const char *text, const char *line)
{
    size_t name = strcspn(line, ":") + 1;
    for (const char *at = text; at; at = next_line(at))
        if (strncmp(at, line, name) == 0) return at;
    return NULL;
}

void provenance_compare(const char *now, const char *saved)
{
    for (const char *line = now; line; line = next_line(line)) {
        if (!shapes_bits(line)) continue;
        const char *other = same_name(saved, line);
        int length = (int)strcspn(line, "\n"), other_length = other ? (int)strcspn(other, "\n") : 0;
        if (other && length == other_length && strncmp(line, other, (size_t)length) == 0) continue;
        log_warning(
            "the checkpoint was written with another environment, so bits may differ: %.*s; "
            "then %.*s",
            length, line, other ? other_length : 7, other ? other : "unknown");
    }
}
