/* Numbers as text. */
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>

void number_print(char *text, size_t bytes, double value)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, bytes, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return;
    }
}
