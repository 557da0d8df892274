/* Amounts for people. */
#include "doctor/amounts.h"

#include <stdio.h>

const char *print_bytes(uint64_t bytes, char text[AMOUNT_BYTES])
{
    static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes;
    int u = 0;
    for (; amount >= 1000 && u < 4; u++) amount /= 1024;
    snprintf(text, AMOUNT_BYTES, u > 0 && amount < 10 ? "%.1f %s" : "%.0f %s", amount, unit[u]);
    return text;
}

const char *print_seconds(double seconds, char text[AMOUNT_BYTES])
{
    long whole = (long)(seconds + 0.5), minutes = whole / 60;
    if (seconds > 0 && seconds < 0.1)
        snprintf(text, AMOUNT_BYTES, "%.1f ms", 1e3 * seconds);
    else if (seconds < 90)
        snprintf(text, AMOUNT_BYTES, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
    else if (minutes < 90)
        snprintf(text, AMOUNT_BYTES, "%ld min %ld s", minutes, whole % 60);
    else
        snprintf(text, AMOUNT_BYTES, "%ld h %ld min", minutes / 60, minutes % 60);
    return text;
}
