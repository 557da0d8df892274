/*
 * Cases of single kernels and ops on fixed shapes: for their speed (umbel bench --kernels) and for the
 * number of instructions that they take (tests/kernels/instructions.sh). Each group of cases is one
 * file case_X.c with a table, and a row in kernel_case.c.
 */
#pragma once

#include "base/arena.h"
#include "kernels/kernels.h"

typedef struct KernelCase KernelCase;

enum { CASE_DIMS = 6, CASE_BUFFERS = 6 };

typedef enum CaseUnit { UNIT_FLOPS, UNIT_BYTES, UNIT_IMAGES } CaseUnit;

/* A case that is ready to be called. */
typedef struct Sample {
    const KernelCase *of;
    const Kernels *kernel;
    float *x[CASE_BUFFERS]; /* (floats) each, with numbers between -1 and 1 */
    void *own;              /* what `prepare` made */
} Sample;

struct KernelCase {
    const char *name; /* "depthwise forward" */
    int dim[CASE_DIMS];
    const char *size; /* dim for people: "28 x 28 x 192, kernel 7" */
    CaseUnit unit;
    double (*amount)(const int *dim);               /* of a call, in the unit */
    size_t (*floats)(const int *dim);               /* of each buffer; NULL: it has none */
    void *(*prepare)(Sample *sample, Arena *arena); /* NULL: nothing */
    void (*call)(Sample *sample);
    void (*release)(Sample *sample); /* what is not the arena's; NULL: nothing */
    bool foreign;                    /* most of its work is another library's: not counted */
};

/* A table of cases ends with a row without a name. */
extern const KernelCase gemm_cases[], row_cases[], window_cases[], pixel_cases[], conv_cases[],
    image_cases[];

/* All cases, one after the other; NULL behind the last. */
const KernelCase *kernel_case(int index);

/* Whether its instructions are counted: ours, and not too many. */
bool kernel_case_is_counted(const KernelCase *of);

/* Buffers and what `prepare` makes, from `arena`. */
Sample sample_make(const KernelCase *of, Arena *arena);
void sample_release(Sample *sample);
/* Numbers between -1 and 1, others for another `phase`. */
void sample_fill(float *x, size_t floats, size_t phase);
/* One call, in a function of its own, so that a tool can be told to look at nothing else. */
void sample_call(Sample *sample) __attribute__((noinline));

/* Seconds of a call: the median of batches of calls that take about `seconds` together. */
double sample_time(Sample *sample, double seconds);
