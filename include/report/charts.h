/* Charts as SVG, in the colours of the page. */
#pragma once

#include "report/page.h"

#include <stddef.h>

enum { CHART_COLOURS = 8 };

typedef enum LineStyle {
    LINE_PLAIN,
    LINE_THIN,   /* recedes behind the others */
    LINE_DOTTED, /* with a dot on each point */
    LINE_POINTS, /* only the points */
} LineStyle;

typedef struct Line {
    const char *name;
    int colour; /* taken modulo CHART_COLOURS */
    LineStyle style;
    const double *x, *y; /* (count); points that are not finite are left out */
    size_t count;
} Line;

typedef struct LineChart {
    const char *title;
    const char *x_title;
    bool percent;   /* y is a share of 1 */
    bool from_zero; /* the axis of y begins at 0 */
    bool
        log; /* the axis of y is logarithmic if it spans a power of ten; points that are not above 0 are left out */
    bool square;      /* both axes have one range */
    const Line *line; /* (lines); long ones are drawn as means of pieces */
    int lines;
} LineChart;

/* A card with the chart; says so if there is no point. */
void draw_lines(Page *page, const LineChart *chart);

typedef enum MatrixKind {
    MATRIX_CONFUSION, /* of counts: right on the diagonal, darker by its share of the row */
    MATRIX_COUNTS,    /* darker by its share of the row */
    MATRIX_SIGNED,    /* -1 … 1 */
} MatrixKind;

typedef struct Matrix {
    MatrixKind kind;
    const char *title;
    const char *row_title, *column_title;
    int rows, columns;
    const char *const *row_name, *const *column_name;
    const double *value; /* (rows,columns) */
} Matrix;

/* A card with the matrix; each cell tells its number when pointed at. */
void draw_matrix(Page *page, const Matrix *matrix);
