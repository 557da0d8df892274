/* Cases of kernels: making, calling, timing. */
#include "bench/kernel_case.h"

#include "base/clock.h"
#include "median.h"

static const KernelCase *const tables[] = {gemm_cases, row_cases, window_cases, conv_cases,
                                           image_cases};

const KernelCase *kernel_case(int index)
{
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const KernelCase *at = tables[t]; at->name; at++)
            if (index-- == 0) return at;
    return NULL;
}

Sample sample_make(const KernelCase *of, Arena *arena)
{
    Sample sample = {.of = of, .kernel = kernels()};
    size_t floats = of->floats ? of->floats(of->dim) : 0;
    for (int b = 0; floats && b < CASE_BUFFERS; b++) {
        sample.x[b] = arena_new(arena, float, floats);
        for (size_t i = 0; i < floats; i++)
            sample.x[b][i] = (float)((i * 37 + (size_t)b * 11) % 199) / 99 - 1;
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
