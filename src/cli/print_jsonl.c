/*
 * A JSON object a line: path, status, and of each head a list of labels with their probabilities, or a number. Written
 * by hand, since a number must have the digits of a float, not those of a double.
 */
#include "print_formats.h"

#include "data/names.h"

#include <math.h>
#include <string.h>

/* Bytes of the character at `text`; 0: it is not UTF-8. */
static size_t character_bytes(const char *text)
{
    unsigned char first = (unsigned char)*text;
    char copy[5] = "";
    size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    strncpy(copy, text, bytes);
    return strlen(copy) == bytes && is_utf8(copy) ? bytes : 0;
}

/* Bytes that are no text in UTF-8, which a file's name may have, become U+FFFD. */
static void put_text(FILE *out, const char *text)
{
    fputc('"', out);
    while (*text) {
        size_t bytes = character_bytes(text);
        if (bytes == 0)
            fputs("\\ufffd", out);
        else if ((unsigned char)*text < ' ')
            fprintf(out, "\\u%04x", (unsigned)*text);
        else {
            if (*text == '"' || *text == '\\') fputc('\\', out);
            fwrite(text, 1, bytes, out);
        }
        text += bytes > 0 ? bytes : 1;
    }
    fputc('"', out);
}

static void put_number(FILE *out, float value)
{
    if (isfinite(value))
        print_number(out, value);
    else
        fputs("null", out);
}

static void put_head(Printer *printer, const PredictRow *row, int head)
{
    FILE *out = printer->out;
    int count = print_choose(printer, row, head);
    put_text(out, umbel_head_name(printer->model, head));
    fputc(':', out);
    if (print_is_number(printer, head)) {
        put_number(out, *row->number[head]);
        return;
    }
    for (int i = 0; i < count; i++) {
        int k = printer->class[i];
        fputs(i ? ",{\"label\":" : "[{\"label\":", out);
        put_text(out, umbel_class_name(printer->model, head, k));
        fputs(",\"probability\":", out);
        put_number(out, row->number[head][k]);
        fputc('}', out);
    }
    fputs(count > 0 ? "]" : "[]", out);
}

static void put_row(Printer *printer, const PredictRow *row)
{
    FILE *out = printer->out;
    fputs("{\"path\":", out);
    put_text(out, row->name);
    if (row->problem) {
        fputs(",\"status\":\"error\",\"error\":", out);
        put_text(out, row->problem);
        fputs("}\n", out);
        return;
    }
    fputs(",\"status\":\"ok\",\"heads\":{", out);
    for (int h = 0; h < umbel_head_count(printer->model); h++) {
        if (h) fputc(',', out);
        put_head(printer, row, h);
    }
    fputs("}}\n", out);
}

const PrintFormat print_format_jsonl = {"jsonl", NULL, put_row};
