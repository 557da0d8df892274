/*
 * What the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput: libFuzzer calls it
 * with bytes that it makes up (tests/fuzz/fuzz.sh), replay.c with those of tests/fuzz/corpus. It
 * ends in abort() when something is wrong that no sanitizer sees.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* The name of a file, below $TMPDIR or /tmp, that holds these bytes until the next call. Lifts the limit
 * of fuzz_allow. */
const char *fuzz_file(const uint8_t *data, size_t bytes);

/* From here on our own objects may ask for `factor` times `bytes`, and FUZZ_FLOOR, of memory
 * altogether, freed or not; whoever asks for more is a finding. */
enum { FUZZ_FLOOR = 4 << 20 };
void fuzz_allow(size_t bytes, size_t factor);

/* A promise of the code under test. */
#define FUZZ_REQUIRE(condition)                                                                    \
    ((condition) ? (void)0 : fuzz_fail("%s:%d: %s does not hold", __FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Success and an error exclude each other, and an error says something; it is shown if the environment
 * has FUZZ_SHOW. */
extern int fuzz_refusals; /* errors so far */
void fuzz_check_error(bool ok, const Error *err);
