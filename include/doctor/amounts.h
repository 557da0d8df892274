/* Amounts for people. */
#pragma once

#include <stdint.h>

/* "1.5 GiB" into `text`. Returns `text`. */
enum { AMOUNT_BYTES = 32 };
const char *print_bytes(uint64_t bytes, char text[AMOUNT_BYTES]);
/* "3 h 20 min", "12 min 5 s", "2.5 s", "4.0 ms" into `text`. Returns `text`. */
const char *print_seconds(double seconds, char text[AMOUNT_BYTES]);
