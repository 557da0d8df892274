/* CSV (RFC 4180): path and status, the columns of each head, error. */
#include "print_formats.h"

#include <string.h>

/* What a cell may hold has quotes around it where it needs them. */
static void put_quoted(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_cell(FILE *out, const char *text)
{
    put_quoted(out, text);
    fputc(',', out);
}

/* NAME and NAME_probability, then NAME_2 and NAME_2_probability, … */
static void put_titles(Printer *printer, int head)
{
    const char *name = umbel_head_name(printer->model, head);
    char title[1024];
    put_cell(printer->out, name);
    if (print_is_number(printer, head)) return;
    snprintf(title, sizeof title, "%s_probability", name);
    put_cell(printer->out, title);
    for (int i = 2; i <= print_columns(printer, head); i++) {
        snprintf(title, sizeof title, "%s_%d", name, i);
        put_cell(printer->out, title);
        snprintf(title, sizeof title, "%s_%d_probability", name, i);
        put_cell(printer->out, title);
    }
}

static void begin(Printer *printer)
{
    fputs("path,status,", printer->out);
    for (int h = 0; h < umbel_head_count(printer->model); h++) put_titles(printer, h);
    fputs("error\n", printer->out);
}

/* Two cells of lists between semicolons, as in a manifest. */
static void put_set(Printer *printer, const float *probability, int head, int count)
{
    FILE *out = printer->out;
    char quote = count > 0 ? '"' : 0;
    for (int names = 1; names >= 0; names--) {
        if (names && quote) fputc(quote, out);
        for (int i = 0; i < count; i++) {
            int k = printer->class[i];
            if (i) fputs("; ", out);
            if (!names) print_number(out, probability[k]);
            for (const char *at = umbel_class_name(printer->model, head, k); names && *at; at++) {
                if (*at == '"') fputc('"', out);
                fputc(*at, out);
            }
        }
        if (names && quote) fputc(quote, out);
        fputc(',', out);
    }
}

static void put_head(Printer *printer, const PredictRow *row, int head)
{
    int count = print_choose(printer, row, head);
    const float *number = row->number[head];
    if (print_is_number(printer, head)) {
        print_number(printer->out, *number);
        fputc(',', printer->out);
    } else if (print_columns(printer, head) == 0) {
        put_set(printer, number, head, count);
    } else {
        for (int i = 0; i < count; i++) {
            put_cell(printer->out, umbel_class_name(printer->model, head, printer->class[i]));
            print_number(printer->out, number[printer->class[i]]);
            fputc(',', printer->out);
        }
    }
}

static void put_empty(Printer *printer, int head)
{
    int cells = 2 * (print_columns(printer, head) > 0 ? print_columns(printer, head) : 1);
    if (print_is_number(printer, head)) cells = 1;
    for (int i = 0; i < cells; i++) fputc(',', printer->out);
}

static void put_row(Printer *printer, const PredictRow *row)
{
    put_cell(printer->out, row->name);
    put_cell(printer->out, row->problem ? "error" : "ok");
    for (int h = 0; h < umbel_head_count(printer->model); h++)
        if (row->problem)
            put_empty(printer, h);
        else
            put_head(printer, row, h);
    if (row->problem) put_quoted(printer->out, row->problem);
    fputc('\n', printer->out);
}

const PrintFormat print_format_csv = {"csv", begin, put_row};
