/* CSV: fields separated by commas; a field in double quotes may hold commas, line breaks and
 * doubled quotes. */
#include "data/csv.h"

#include <string.h>

enum { FIELDS_MAX = 1024 };

typedef struct Reader {
    char *at, *end;
    size_t line;
    const char *name;
    Error *err;
} Reader;

static bool at_line_end(const Reader *reader)
{
    return reader->at == reader->end || *reader->at == '\n' || *reader->at == '\r';
}

/* Takes a quoted field, unescaping it in place. */
static char *take_quoted(Reader *reader)
{
    char *begin = ++reader->at, *out = begin;
    size_t first_line = reader->line;
    for (;; reader->at++) {
        if (reader->at == reader->end) {
            error_set(reader->err, ERROR_DATA,
                      "%s:%zu: a quoted field has no closing quote; double the quotes inside it",
                      reader->name, first_line);
            return NULL;
        }
        if (*reader->at == '"') {
            if (reader->at + 1 == reader->end || reader->at[1] != '"') break;
            reader->at++;
        }
        reader->line += *reader->at == '\n';
        *out++ = *reader->at;
    }
    reader->at++;
    if (!at_line_end(reader) && *reader->at != ',') {
        error_set(reader->err, ERROR_DATA, "%s:%zu: text behind the closing quote of a field",
                  reader->name, reader->line);
        return NULL;
    }
    *out = 0; /* the closing quote's place or before it */
    return begin;
}

static char *take_plain(Reader *reader)
{
    char *begin = reader->at;
    while (!at_line_end(reader) && *reader->at != ',') {
        if (*reader->at == '"') {
            error_set(reader->err, ERROR_DATA,
                      "%s:%zu: a quote inside a field that does not begin with one; quote the "
                      "whole field and double the quote",
                      reader->name, reader->line);
            return NULL;
        }
        reader->at++;
    }
    return begin;
}

/* Takes the fields of one line; the terminators overwrite commas and line ends. */
static bool take_row(Reader *reader, CsvRow *row, char *field[FIELDS_MAX])
{
    row->line = reader->line;
    row->fields = 0;
    for (;;) {
        if (row->fields == FIELDS_MAX)
            return error_set(reader->err, ERROR_DATA, "%s:%zu: has more than %d fields",
                             reader->name, reader->line, FIELDS_MAX);
        bool quoted = reader->at < reader->end && *reader->at == '"';
        char *text = quoted ? take_quoted(reader) : take_plain(reader);
        if (!text) return false;
        field[row->fields++] = text;
        bool more = reader->at < reader->end && *reader->at == ',';
        if (!more) break;
        *reader->at++ = 0;
    }
    if (reader->at < reader->end && *reader->at == '\r') *reader->at++ = 0;
    if (reader->at < reader->end && *reader->at == '\n') *reader->at++ = 0;
    reader->line++;
    return true;
}

/* At least as many as there are: a carriage return alone ends one, too. */
static size_t count_lines(const char *text, size_t bytes)
{
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++) lines += text[i] == '\n' || text[i] == '\r';
    return lines;
}

bool csv_parse(Csv *csv, char *text, size_t bytes, const char *name, Arena *arena, Error *err)
{
    char *field[FIELDS_MAX];
    Reader reader = {text, text + bytes, 1, name, err};
    if (bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) reader.at += 3;
    if (memchr(text, 0, bytes))
        return error_set(err, ERROR_DATA, "%s: is a binary file, not CSV", name);
    csv->row = arena_new(arena, CsvRow, count_lines(text, bytes));
    csv->rows = 0;
    while (reader.at < reader.end) {
        CsvRow row;
        if (!take_row(&reader, &row, field)) return false;
        if (row.fields == 1 && !*field[0]) continue;
        if (csv->rows > 0 && row.fields != csv->row[0].fields)
            return error_set(
                err, ERROR_DATA,
                "%s:%zu: has %d fields, the header has %d; quote fields that hold commas", name,
                row.line, row.fields, csv->row[0].fields);
        row.field = arena_new(arena, char *, row.fields);
        memcpy(row.field, field, sizeof *field * (size_t)row.fields);
        csv->row[csv->rows++] = row;
    }
    return csv->rows > 0 || error_set(err, ERROR_DATA, "%s: is empty", name);
}

void csv_write_part(FILE *file, const char *text)
{
    for (; *text; text++) {
        if (*text == '"') fputc('"', file);
        fputc(*text, file);
    }
}

void csv_write_field(FILE *file, const char *text)
{
    fputc('"', file);
    csv_write_part(file, text);
    fputc('"', file);
}
