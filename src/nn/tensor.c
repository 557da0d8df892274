/* Shapes: construction, size, text. */
#include "nn/tensor.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

Shape shape_of(int rank, ...)
{
    assert(rank >= 0 && rank <= SHAPE_MAX);
    Shape shape = {.rank = rank};
    va_list list;
    va_start(list, rank);
    for (int i = 0; i < rank; i++) shape.dim[i] = va_arg(list, int);
    va_end(list);
    return shape;
}

size_t shape_count(Shape shape)
{
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++) count *= (size_t)shape.dim[i];
    return count;
}

bool shape_equal(Shape a, Shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

const char *shape_print(Shape shape, char text[SHAPE_TEXT_BYTES])
{
    int used = snprintf(text, SHAPE_TEXT_BYTES, "(");
    for (int i = 0; i < shape.rank; i++)
        used +=
            snprintf(text + used, SHAPE_TEXT_BYTES - (size_t)used, i ? ",%d" : "%d", shape.dim[i]);
    snprintf(text + used, SHAPE_TEXT_BYTES - (size_t)used, ")");
    return text;
}
