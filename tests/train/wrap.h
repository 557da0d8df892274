/*
 * Counts the allocations of our own objects: the Makefile links test_memory with --wrap for each
 * function below, which redirects the calls in our archives, not those inside shared libraries.
 */
#pragma once

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

extern atomic_long allocations;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);

atomic_long allocations;

void *__wrap_malloc(size_t bytes)
{
    allocations++;
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    allocations++;
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    allocations++;
    return __real_realloc(old, bytes);
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    allocations++;
    return __real_mmap(address, length, protection, flags, fd, offset);
}
