/* The pulse of this process. */
#include "base/pulse.h"

#include <stdatomic.h>

static atomic_uint_fast64_t ticks, step, waits;
static atomic_bool waiting;
static _Atomic(const char *) phase = "starting", file_phase = "";
static atomic_int in_file;          /* threads inside the file system */
static _Atomic double file_seconds; /* the longest allowance of those */

void pulse_tick(void)
{
    atomic_fetch_add_explicit(&ticks, 1, memory_order_relaxed);
}

void pulse_phase(const char *name)
{
    atomic_store_explicit(&phase, name, memory_order_relaxed);
    pulse_tick();
}

void pulse_step(uint64_t number)
{
    atomic_store_explicit(&step, number, memory_order_relaxed);
}

void pulse_wait_begin(void)
{
    atomic_fetch_add_explicit(&waits, 1, memory_order_relaxed);
    atomic_store_explicit(&waiting, true, memory_order_relaxed);
}

void pulse_wait_end(void)
{
    atomic_store_explicit(&waiting, false, memory_order_relaxed);
    pulse_tick();
}

void pulse_file_begin(const char *what, double seconds)
{
    atomic_store_explicit(&file_phase, what, memory_order_relaxed);
    if (atomic_fetch_add(&in_file, 1) == 0 || seconds > atomic_load(&file_seconds))
        atomic_store(&file_seconds, seconds);
}

void pulse_file_end(void)
{
    atomic_fetch_sub(&in_file, 1);
    pulse_tick();
}

Pulse pulse_read(void)
{
    bool inside = atomic_load(&in_file) > 0;
    return (Pulse){.ticks = atomic_load_explicit(&ticks, memory_order_relaxed),
                   .step = atomic_load_explicit(&step, memory_order_relaxed),
                   .waits = atomic_load_explicit(&waits, memory_order_relaxed),
                   .waiting = atomic_load_explicit(&waiting, memory_order_relaxed),
                   .allowance = inside ? atomic_load(&file_seconds) : 0,
                   .phase =
                       atomic_load_explicit(inside ? &file_phase : &phase, memory_order_relaxed)};
}
