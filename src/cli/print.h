/* Predictions as text. A format is one file print_X.c and one row in the table of print.c. */
#pragma once

#include "predict/predict.h"

#include <stdio.h>

typedef struct PrintFormat PrintFormat;

typedef struct Printer {
    const PrintFormat *format;
    FILE *out;
    const UmbelModel *model;
    int top;    /* classes of a head that are shown; 0: the predicted ones */
    int *class; /* (classes of the largest head): room for their list */
} Printer;

struct PrintFormat {
    const char *name;
    void (*begin)(Printer *printer); /* NULL: nothing */
    void (*row)(Printer *printer, const PredictRow *row);
};

const PrintFormat *print_format_find(const char *name); /* NULL: there is none */
const char *print_format_name(int index); /* in the order of the table; NULL behind the last */

/* The printer's memory comes from malloc: print_end frees it. */
Printer print_begin(const PrintFormat *format, const UmbelModel *model, int top, FILE *out);
void print_end(Printer *printer);

/* --- for formats --- */

/* Fills printer->class with the classes of a head that are to be shown and returns how many: the predicted one, or
 * those of a set, which may be none; with `top` that many, the predicted one before the others, those by falling
 * probability. 0 for numbers. */
int print_choose(Printer *printer, const PredictRow *row, int head);
/* Most classes that print_choose gives of the head; 0 for numbers and sets. */
int print_columns(const Printer *printer, int head);
bool print_is_number(const Printer *printer, int head);
/* With so many digits that the number is the same when it is read again. */
void print_number(FILE *out, float value);
