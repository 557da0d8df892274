/* One line for people: the name, then head by head what was found. */
#include "print_formats.h"

/* Control characters would let a file's name write elsewhere on the terminal. */
static void put_plain(FILE *out, const char *text)
{
    for (; *text; text++) fputc((unsigned char)*text < ' ' || *text == 0x7F ? '?' : *text, out);
}

static void put_head(Printer *printer, const PredictRow *row, int head)
{
    FILE *out = printer->out;
    int count = print_choose(printer, row, head);
    fprintf(out, "  %s", umbel_head_name(printer->model, head));
    if (print_is_number(printer, head)) {
        fprintf(out, " %.6g", (double)*row->number[head]);
        return;
    }
    if (count == 0) fputs(" none", out);
    for (int i = 0; i < count; i++) {
        int k = printer->class[i];
        fprintf(out, "%s ", i ? "," : "");
        put_plain(out, umbel_class_name(printer->model, head, k));
        fprintf(out, " %.1f%%", 100 * (double)row->number[head][k]);
    }
}

static void put_row(Printer *printer, const PredictRow *row)
{
    put_plain(printer->out, row->name);
    if (row->problem) {
        fputs("  error: ", printer->out);
        put_plain(printer->out, row->problem);
    }
    for (int h = 0; !row->problem && h < umbel_head_count(printer->model); h++)
        put_head(printer, row, h);
    fputc('\n', printer->out);
}

const PrintFormat print_format_table = {"table", NULL, put_row};
