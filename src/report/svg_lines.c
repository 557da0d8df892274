/* Charts of lines and of points. */
#include "axis.h"
#include "report/charts.h"

#include <math.h>
#include <stdio.h>

/* In units of the view box, which is about as wide as a card, so that text keeps its size. */
enum { WIDTH = 360, HEIGHT = 210, LEFT = 46, RIGHT = 10, TOP = 8, BOTTOM = 34 };
enum { PLOT_WIDTH = WIDTH - LEFT - RIGHT, PLOT_HEIGHT = HEIGHT - TOP - BOTTOM };
enum { POINTS_DRAWN = 240 }; /* of a line: more than can be told apart */

typedef struct Range {
    double low, high;
} Range;

static bool is_drawn(const LineChart *chart, const Line *line, size_t i)
{
    return isfinite(line->x[i]) && isfinite(line->y[i]) && (!chart->log || line->y[i] > 0);
}

static void include(Range *range, double value)
{
    if (!(value >= range->low)) range->low = value;
    if (!(value <= range->high)) range->high = value;
}

/* Of all points; false if there is none. */
static bool find_ranges(const LineChart *chart, Range *x, Range *y)
{
    *x = *y = (Range){NAN, NAN};
    for (int l = 0; l < chart->lines; l++)
        for (size_t i = 0; i < chart->line[l].count; i++) {
            if (!is_drawn(chart, &chart->line[l], i)) continue;
            include(x, chart->line[l].x[i]);
            include(y, chart->line[l].y[i]);
        }
    if (!(x->low <= x->high)) return false;
    if (chart->from_zero) include(y, 0);
    if (chart->square) {
        include(x, y->low), include(x, y->high);
        *y = *x;
    }
    return true;
}

static double place_x(const Axis *axis, double value)
{
    return LEFT + PLOT_WIDTH * axis_place(axis, value);
}

static double place_y(const Axis *axis, double value)
{
    return TOP + PLOT_HEIGHT * (1 - axis_place(axis, value));
}

static void print_tick(char *text, size_t bytes, double value, bool percent)
{
    if (percent)
        snprintf(text, bytes, "%g%%", round(value * 1e4) / 100);
    else if (value != 0 && (fabs(value) < 1e-4 || fabs(value) >= 1e5))
        snprintf(text, bytes, "%.0e", value);
    else
        snprintf(text, bytes, "%g", value);
}

static void draw_axes(Page *page, const LineChart *chart, const Axis *x, const Axis *y)
{
    char text[32];
    for (int i = 0; i < y->ticks; i++) {
        double at = place_y(y, y->tick[i]);
        print_tick(text, sizeof text, y->tick[i], chart->percent);
        page_write(page,
                   "<line class=\"gridline\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                   "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                   LEFT, WIDTH - RIGHT, at, at, LEFT - 6, at + 4, text);
    }
    page_write(page, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT,
               WIDTH - RIGHT, TOP + PLOT_HEIGHT, TOP + PLOT_HEIGHT);
    for (int i = 0; i < x->ticks; i++) {
        print_tick(text, sizeof text, x->tick[i], false);
        page_write(page, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                   place_x(x, x->tick[i]), TOP + PLOT_HEIGHT + 15, text);
    }
    page_write(page, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", LEFT + PLOT_WIDTH / 2,
               HEIGHT - 4);
    page_text(page, chart->x_title);
    page_write(page, "</text>\n");
}

/* Means of pieces of a long line, so that a million steps make a page of some kilobytes. */
static void draw_points_of(Page *page, const LineChart *chart, const Line *line, const Axis *x,
                           const Axis *y, const char *format)
{
    size_t piece = line->style == LINE_POINTS ? 1 : (line->count + POINTS_DRAWN - 1) / POINTS_DRAWN;
    for (size_t begin = 0; begin < line->count; begin += piece) {
        double sum_x = 0, sum_y = 0;
        int count = 0;
        for (size_t i = begin; i < begin + piece && i < line->count; i++) {
            if (!is_drawn(chart, line, i)) continue;
            sum_x += line->x[i];
            sum_y += line->y[i];
            count++;
        }
        if (count == 0) continue;
        char text[160];
        snprintf(text, sizeof text, format, place_x(x, sum_x / count), place_y(y, sum_y / count));
        page_write(page, "%s", text);
    }
}

static void draw_line(Page *page, const LineChart *chart, const Line *line, const Axis *x,
                      const Axis *y)
{
    int colour = line->colour % CHART_COLOURS;
    if (line->style != LINE_POINTS) {
        page_write(page, "<polyline%s style=\"stroke:var(--c%d)\" data-name=\"",
                   line->style == LINE_THIN ? " class=\"thin\"" : "", colour);
        page_text(page, line->name);
        page_write(page, "\" points=\"");
        draw_points_of(page, chart, line, x, y, "%.1f,%.1f ");
        page_write(page, "\"/>\n");
    }
    if (line->style == LINE_DOTTED || line->style == LINE_POINTS) {
        page_write(page, "<g style=\"fill:var(--c%d)%s\">", colour,
                   line->style == LINE_POINTS ? ";fill-opacity:.45" : "");
        draw_points_of(page, chart, line, x, y, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>");
        page_write(page, "</g>\n");
    }
}

/* How the script makes numbers of places: value at 0, value per unit. */
static void write_scales(Page *page, const Axis *x, const Axis *y)
{
    double per_x = (x->high - x->low) / PLOT_WIDTH, per_y = (y->low - y->high) / PLOT_HEIGHT;
    page_write(page, " data-x=\"%.9g %.9g\" data-y=\"%.9g %.9g\"%s", x->low - LEFT * per_x, per_x,
               y->high - TOP * per_y, per_y, y->log ? " data-log=\"\"" : "");
}

static void draw_diagonal(Page *page)
{
    page_write(page, "<line class=\"cross\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", LEFT,
               TOP + PLOT_HEIGHT, LEFT + PLOT_WIDTH, TOP);
}

static void draw_plot(Page *page, const LineChart *chart, Range of_x, Range of_y)
{
    Axis x = axis_make(of_x.low, of_x.high, 6, chart->square);
    bool log = chart->log && of_y.high >= 10 * of_y.low; /* else it would have hardly a tick */
    Axis y = log ? axis_make_log(of_y.low, of_y.high) : axis_make(of_y.low, of_y.high, 5, true);
    page_write(page, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
               HEIGHT);
    page_text(page, chart->title);
    page_write(page, "\" data-title=\"");
    page_text(page, chart->x_title);
    page_write(page, "\"%s", chart->percent ? " data-percent=\"\"" : "");
    write_scales(page, &x, &y);
    page_write(page, ">");
    draw_axes(page, chart, &x, &y);
    page_write(page,
               "<line class=\"cross\" x1=\"0\" x2=\"0\" y1=\"%d\" y2=\"%d\" "
               "style=\"display:none\"/>",
               TOP, TOP + PLOT_HEIGHT);
    if (chart->square) draw_diagonal(page);
    for (int l = 0; l < chart->lines; l++) draw_line(page, chart, &chart->line[l], &x, &y);
    page_write(page, "</svg>");
}

void draw_lines(Page *page, const LineChart *chart)
{
    Range x, y;
    page_write(page, "<div class=\"card\">");
    page_element(page, "h3", NULL, chart->title);
    if (find_ranges(chart, &x, &y))
        draw_plot(page, chart, x, y);
    else
        page_element(page, "p", "soft", "Nothing has been recorded.");
    page_write(page, "</div>\n");
}
