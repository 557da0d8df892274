/* The pulse of this process. */
#include "base/pulse.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_uint_fast64_t ticks, step, waits;
static atomic_bool waiting;
static _Atomic(const char *) phase = "starting";

/* Files, of all threads. Their calls are slow, so a lock costs nothing beside them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int in_file;            /* threads inside the file system */
static const char *file_phase; /* of the last that went in */
static double file_seconds;    /* the longest allowance since nobody was inside */

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
    pthread_mutex_lock(&lock);
    if (in_file == 0 || seconds > file_seconds) file_seconds = seconds;
    file_phase = what;
    in_file++;
    pthread_mutex_unlock(&lock);
}

void pulse_file_end(void)
{
    pthread_mutex_lock(&lock);
    in_file--;
    pthread_mutex_unlock(&lock);
    pulse_tick();
}

Pulse pulse_read(void)
{
    Pulse pulse = {.ticks = atomic_load_explicit(&ticks, memory_order_relaxed),
                   .step = atomic_load_explicit(&step, memory_order_relaxed),
                   .waits = atomic_load_explicit(&waits, memory_order_relaxed),
                   .waiting = atomic_load_explicit(&waiting, memory_order_relaxed),
                   .phase = atomic_load_explicit(&phase, memory_order_relaxed)};
    pthread_mutex_lock(&lock);
    if (in_file > 0) {
        pulse.phase = file_phase;
        pulse.allowance = file_seconds;
    }
    pthread_mutex_unlock(&lock);
    return pulse;
}
