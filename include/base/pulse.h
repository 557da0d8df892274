/*
 * The pulse of this process: signs of progress and what it is doing, for the watchdog
 * (dist/watchdog.h). Whoever works ticks, about every millisecond to every second; who waits for
 * other ranks says so, since waiting is no fault of the one who waits. All calls are thread-safe,
 * cheap, and without effect on results.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Work has been done. */
void pulse_tick(void);

/* What the process does from now on; a string literal, kept. */
void pulse_phase(const char *phase);
void pulse_step(uint64_t step);

/* The main thread waits for other ranks, in the next of the collectives that all ranks enter in the
 * same order, or for a message. */
void pulse_wait_begin(void);
void pulse_wait_end(void);

/* The calling thread is inside the file system, which cannot tick: it may take `seconds` longer
 * than anything else. `what` is a string literal. Calls pair up; several threads may be inside. */
void pulse_file_begin(const char *what, double seconds);
void pulse_file_end(void);

typedef struct Pulse {
    uint64_t ticks, step;
    uint64_t waits; /* begun so far */
    bool waiting;
    double allowance; /* seconds that a file operation may take longer */
    const char *phase;
} Pulse;

Pulse pulse_read(void);
