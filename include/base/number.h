/* Numbers as text. */
#pragma once

#include <stddef.h>

enum { NUMBER_TEXT_BYTES = 32 }; /* room enough for any */

/* "12", "0.5", "1e-3": as few digits, 6 or more, as read back to the same number. */
void number_print(char *text, size_t bytes, double value);
