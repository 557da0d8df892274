/* What the value of an option can be, by its placeholder; private to completion. */
#pragma once

/* A word of which the first `kept` bytes stand: "--split=" of "--split=te". */
typedef struct Place {
    const char *word;
    int kept;
} Place;

/* Prints what could stand there as a value with this placeholder: "SPLIT", "FILE.csv", "KEY=VALUE". What
 * follows the placeholder's first word does not count; nothing is printed for one that is not known. */
void complete_value(const char *placeholder, Place place);
