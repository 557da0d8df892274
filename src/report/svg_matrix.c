/* Matrices as fields of colour. */
#include "report/charts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SHOWN = 18, LETTER = 6, NUMBERS_UP_TO = 12 }; /* LETTER: width, units of the view box */

static int longest(const char *const *name, int count)
{
    int longest = 1;
    for (int i = 0; i < count; i++)
        if ((int)strlen(name[i]) > longest) longest = (int)strlen(name[i]);
    return longest < NAME_SHOWN ? longest : NAME_SHOWN;
}

/* The beginning of a long name, never cut within a character. */
static void write_name(Page *page, const char *name)
{
    size_t bytes = strlen(name);
    char text[NAME_SHOWN + 8];
    if (bytes <= NAME_SHOWN) {
        page_text(page, name);
        return;
    }
    for (bytes = NAME_SHOWN - 1; bytes > 0 && ((unsigned char)name[bytes] & 0xC0) == 0x80;) bytes--;
    snprintf(text, sizeof text, "%.*s…", (int)bytes, name);
    page_text(page, text);
}

static double row_sum(const Matrix *matrix, int row)
{
    double sum = 0;
    for (int c = 0; c < matrix->columns; c++) sum += matrix->value[row * matrix->columns + c];
    return sum;
}

static void write_tip(Page *page, const Matrix *matrix, int row, int column, double value,
                      double sum)
{
    page_write(page, "<title>");
    page_text(page, matrix->row_name[row]);
    page_write(page, matrix->kind == MATRIX_CONFUSION ? " → " : " · ");
    page_text(page, matrix->column_name[column]);
    if (matrix->kind == MATRIX_SIGNED)
        page_write(page, ": %.3f", value);
    else
        page_write(page, ": %.0f of %.0f (%.1f %%)", value, sum, 100 * value / sum);
    page_write(page, "</title>");
}

static void draw_cell(Page *page, const Matrix *matrix, int row, int column, double x, double y,
                      int side)
{
    double value = matrix->value[row * matrix->columns + column], sum = row_sum(matrix, row);
    if (value == 0 || !isfinite(value)) return;
    bool is_blue = matrix->kind == MATRIX_CONFUSION ? row == column : value > 0;
    double share = fabs(matrix->kind == MATRIX_SIGNED ? value : value / sum);
    double strength =
        0.08 + 0.92 * sqrt(share < 1 ? share : 1); /* rare mistakes are to be seen, too */
    page_write(page,
               "<rect class=\"cell\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"2\" "
               "style=\"fill:var(--%s)\" fill-opacity=\"%.2f\">",
               x, y, side - 1, side - 1, is_blue ? "right" : "wrong", strength);
    write_tip(page, matrix, row, column, value, sum);
    page_write(page, "</rect>");
    if (matrix->rows > NUMBERS_UP_TO || matrix->columns > NUMBERS_UP_TO) return;
    page_write(page,
               "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" pointer-events=\"none\" "
               "style=\"fill:var(--%s)\">",
               x + side / 2.0, y + side / 2.0 + 4, strength > 0.6 ? "card" : "ink");
    page_write(page, matrix->kind == MATRIX_SIGNED ? "%.2f</text>" : "%.0f</text>", value);
}

static void draw_names(Page *page, const Matrix *matrix, int left, int top, int side)
{
    for (int r = 0; r < matrix->rows; r++) {
        page_write(page, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", left - 5,
                   top + (r + 0.5) * side + 4);
        write_name(page, matrix->row_name[r]);
        page_write(page, "</text>");
    }
    for (int c = 0; c < matrix->columns; c++) {
        double x = left + (c + 0.5) * side + 4;
        page_write(page, "<text transform=\"translate(%.1f %d) rotate(-90)\">", x, top - 5);
        write_name(page, matrix->column_name[c]);
        page_write(page, "</text>");
    }
}

void draw_matrix(Page *page, const Matrix *matrix)
{
    int most = matrix->rows > matrix->columns ? matrix->rows : matrix->columns;
    int side = most <= NUMBERS_UP_TO ? 32 : most <= 24 ? 20 : 12;
    int left = longest(matrix->row_name, matrix->rows) * LETTER + 12;
    int top = longest(matrix->column_name, matrix->columns) * LETTER + 12;
    int width = left + matrix->columns * side, height = top + matrix->rows * side;
    page_write(page, "<div class=\"card\">");
    page_element(page, "h3", NULL, matrix->title);
    page_write(page, "<p class=\"soft\">Rows: ");
    page_text(page, matrix->row_title);
    page_write(page, "; columns: ");
    page_text(page, matrix->column_title);
    page_write(page,
               ".</p><div class=\"scroll\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
               "style=\"width:%dpx;max-width:none\" aria-label=\"",
               width, height, width);
    page_text(page, matrix->title);
    page_write(page, "\">");
    draw_names(page, matrix, left, top, side);
    page_write(page,
               "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" style=\"fill:var(--grid)\" "
               "fill-opacity=\".6\"/>",
               left, top, matrix->columns * side, matrix->rows * side);
    for (int r = 0; r < matrix->rows; r++)
        for (int c = 0; c < matrix->columns; c++)
            draw_cell(page, matrix, r, c, left + c * side, top + r * side, side);
    page_write(page, "</svg></div></div>\n");
}
