/*
 * Shapes and tensors. A tensor is contiguous float32: images (N,H,W,C), features (N,D); N is the
 * number of images in a lane. It holds places in a worker's workspace, not memory: each worker has
 * a workspace of its own, so one graph serves them all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { SHAPE_MAX = 4 };

typedef struct Shape {
    int rank;
    int dim[SHAPE_MAX];
} Shape;

/* shape_of(2, rows, columns) */
Shape shape_of(int rank, ...);
size_t shape_count(Shape shape);
bool shape_equal(Shape a, Shape b);
enum { SHAPE_TEXT_BYTES = 64 };
/* "(16,56,56,96)" */
const char *shape_print(Shape shape, char text[SHAPE_TEXT_BYTES]);
