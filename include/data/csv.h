/* CSV tables (RFC 4180). */
#pragma once

#include "base/arena.h"
#include "base/error.h"

#include <stdio.h>

typedef struct CsvRow {
    char **field;
    int fields;
    size_t line; /* of the file, from 1 */
} CsvRow;

typedef struct Csv {
    CsvRow *row; /* (rows); the first is the header */
    size_t rows;
} Csv;

/* Parses the text, which is overwritten: fields point into it. Empty lines are passed over; a
 * byte-order mark too. Reports bad quoting and rows whose number of fields differs from the
 * header's. */
bool csv_parse(Csv *csv, char *text, size_t bytes, const char *name, Arena *arena, Error *err);

/* Writes a part of a field whose quotes the caller writes: doubles those inside it. */
void csv_write_part(FILE *file, const char *text);
/* Writes a field in quotes. */
void csv_write_field(FILE *file, const char *text);
