/* Cases of kernels: making, calling, timing. */
#include "bench/kernel_case.h"

#include "base/clock.h"
#include "median.h"

#include <string.h>

/* Valgrind computes fused multiply-adds one number at a time: what it gets through in a second. */
static const double COUNTED_MOST = 3e7;

static const KernelCase *const tables[] = {gemm_cases,  row_cases,  window_cases,
                                           pixel_cases, conv_cases, image_cases};

const KernelCase *kernel_case(int index)
{
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const KernelCase *at = tables[t]; at->name; at++)
            if (index-- == 0) return at;
    return NULL;
}

/* By copying, since under a tool that counts every instruction is slow. */
void sample_fill(float *x, size_t floats, size_t phase)
{
    enum { PERIOD = 199 };
    size_t done = floats < PERIOD ? floats : PERIOD;
    for (size_t i = 0; i < done; i++) x[i] = (float)((i * 37 + phase) % PERIOD) / 99 - 1;
    for (size_t piece; done < floats; done += piece) {
        piece = done < floats - done ? done : floats - done;
        memcpy(x + done, x, sizeof(float) * piece);
    }
}

bool kernel_case_is_counted(const KernelCase *of)
{
    return !of->foreign && of->amount(of->dim) <= COUNTED_MOST;
}

Sample sample_make(const KernelCase *of, Arena *arena)
{
    Sample sample = {.of = of, .kernel = kernels()};
    size_t floats = of->floats ? of->floats(of->dim) : 0;
    for (int b = 0; floats && b < CASE_BUFFERS; b++) {
        sample.x[b] = arena_new(arena, float, floats);
        sample_fill(sample.x[b], floats, (size_t)b * 11);
    }
    if (of->prepare) sample.own = of->prepare(&sample, arena);
    return sample;
}

void sample_release(Sample *sample)
{
    if (sample->of->release) sample->of->release(sample);
}

void sample_call(Sample *sample)
{
    sample->of->call(sample);
}

static double time_calls(Sample *sample, int calls)
{
    double begin = clock_seconds();
    for (int i = 0; i < calls; i++) sample_call(sample);
    return (clock_seconds() - begin) / calls;
}

double sample_time(Sample *sample, double seconds)
{
    enum { BATCHES = 9 };
    double batch[BATCHES], once;
    sample_call(sample); /* touches memory */
    once = time_calls(sample, 1);
    int calls = (int)(seconds / BATCHES / (once + 1e-9)) + 1;
    for (int b = 0; b < BATCHES; b++) batch[b] = time_calls(sample, calls);
    return median_of(batch, BATCHES);
}
