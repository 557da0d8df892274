/* Sets of hardware threads or cores by number; plain data, so they can be sent to other ranks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPU_SET_MAX = 1024, CPU_SET_WORDS = CPU_SET_MAX / 64 };

typedef struct CpuSet {
    uint64_t word[CPU_SET_WORDS];
} CpuSet;

/* Numbers from CPU_SET_MAX on are not kept. */
void cpu_set_add(CpuSet *set, int number);
bool cpu_set_has(const CpuSet *set, int number);
int cpu_set_count(const CpuSet *set);
void cpu_set_unite(CpuSet *set, const CpuSet *other);
bool cpu_set_meet(const CpuSet *a, const CpuSet *b); /* have a member in common */

/* "0-3,8": the numbers from 0 to count-1 whose `member` is set; "…" ends a text that would not fit in
 * `bytes`. Returns `text`. */
const char *ranges_print(const bool *member, int count, char *text, size_t bytes);
/* The same of a set. */
const char *cpu_set_print(const CpuSet *set, char *text, size_t bytes);
