/* What the formats share. */
#include "print_formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const PrintFormat *const formats[] = {&print_format_table, &print_format_csv,
                                             &print_format_jsonl};

const PrintFormat *print_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i]->name, name) == 0) return formats[i];
    return NULL;
}

const char *print_format_name(int index)
{
    return index < (int)(sizeof formats / sizeof *formats) ? formats[index]->name : NULL;
}

Printer print_begin(const PrintFormat *format, const UmbelModel *model, int top, FILE *out)
{
    Printer printer = {.format = format, .out = out, .model = model, .top = top};
    int most = 1;
    for (int h = 0; h < umbel_head_count(model); h++)
        if (umbel_class_count(model, h) > most) most = umbel_class_count(model, h);
    printer.class = malloc(sizeof *printer.class * (size_t)most);
    if (!printer.class) die("predictions: out of memory");
    if (format->begin) format->begin(&printer);
    return printer;
}

void print_end(Printer *printer)
{
    free(printer->class);
}

bool print_is_number(const Printer *printer, int head)
{
    return umbel_class_count(printer->model, head) == 0;
}

int print_columns(const Printer *printer, int head)
{
    int classes = umbel_class_count(printer->model, head),
        top = printer->top > 0 ? printer->top : 1;
    if (umbel_head_kind(printer->model, head) == UMBEL_HEAD_MULTI) return 0;
    return top < classes ? top : classes;
}

/* --- choosing --- */

typedef struct Order {
    const float *probability;
    int first; /* before all others */
} Order;

static int by_probability(const void *a, const void *b, void *context)
{
    const Order *order = context;
    int x = *(const int *)a, y = *(const int *)b;
    if ((x == order->first) != (y == order->first)) return x == order->first ? -1 : 1;
    float p = order->probability[x], q = order->probability[y];
    return p == q ? x - y : p > q ? -1 : 1;
}

static int choose_set(Printer *printer, const float *probability, int classes)
{
    int count = 0;
    for (int k = 0; k < classes; k++)
        if (probability[k] >= 0.5F) printer->class[count++] = k;
    return count;
}

int print_choose(Printer *printer, const PredictRow *row, int head)
{
    int classes = umbel_class_count(printer->model, head);
    bool is_set = umbel_head_kind(printer->model, head) == UMBEL_HEAD_MULTI;
    Order order = {row->number[head], is_set ? -1 : row->best[head]};
    if (classes == 0) return 0;
    if (printer->top == 0 && is_set) return choose_set(printer, order.probability, classes);
    if (printer->top <= 1 && !is_set) {
        printer->class[0] = order.first;
        return 1;
    }
    for (int k = 0; k < classes; k++) printer->class[k] = k;
    qsort_r(printer->class, (size_t)classes, sizeof *printer->class, by_probability, &order);
    return printer->top < classes ? printer->top : classes;
}

void print_number(FILE *out, float value)
{
    fprintf(out, "%.9g", (double)value);
}
