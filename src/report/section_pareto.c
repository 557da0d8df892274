/* The validations among which there is a choice: no other is better in one head without being worse in another. */
#include "sections.h"

#include "metrics/pareto.h"

#include <math.h>
#include <stdio.h>

enum { ROWS_SHOWN = 16 };

/* The validations of a run. */
typedef struct Validations {
    const RunRecords *run;
    ScoreKey *key; /* (heads) */
    size_t count;
    double *merit, *epoch; /* (count,heads), (count) */
    ParetoFront front;     /* its steps are indices into these */
} Validations;

static double merit_of(const Validations *validations, const JsonValue *record, int head)
{
    const JsonValue *of = json_member(json_member(record, "heads"), validations->run->head[head]);
    double score;
    if (!json_get_real(json_member(of, validations->key[head].key), &score))
        return (double)-INFINITY;
    return validations->key[head].is_error ? -score : score;
}

static Validations collect(const RunRecords *run, Arena *arena)
{
    size_t heads = (size_t)run->heads, most = run->records + 1;
    Validations all = {.run = run,
                       .key = arena_new(arena, ScoreKey, heads + 1),
                       .merit = arena_new(arena, double, most *heads + 1),
                       .epoch = arena_new(arena, double, most)};
    all.front = (ParetoFront){.heads = run->heads,
                              .point = arena_new(arena, ParetoPoint, most),
                              .merit = arena_new(arena, double, most *heads + 1),
                              .range = arena_new(arena, double, heads + 1)};
    for (int h = 0; h < run->heads; h++) all.key[h] = score_key(run, run->head[h]);
    for (size_t i = 0; i < run->records; i++) {
        if (!run_record_is(run->record[i], "val")) continue;
        double *merit = all.merit + all.count * heads;
        for (int h = 0; h < run->heads; h++) merit[h] = merit_of(&all, run->record[i], h);
        if (!json_get_real(json_member(run->record[i], "epoch"), &all.epoch[all.count])) continue;
        pareto_add(&all.front, all.count, merit);
        pareto_keep(&all.front, ROWS_SHOWN);
        all.count++;
    }
    return all;
}

/* --- the table --- */

static void print_merit(char *text, size_t bytes, const ScoreKey *key, double merit)
{
    if (!isfinite(merit))
        snprintf(text, bytes, "–");
    else if (key->is_error)
        snprintf(text, bytes, "%.4g", -merit);
    else
        snprintf(text, bytes, "%.1f %%", 100 * merit);
}

static bool is_best(const ParetoFront *front, int head, double merit)
{
    bool best = isfinite(merit);
    for (size_t p = 0; p < front->points; p++)
        best &= front->merit[p * (size_t)front->heads + (size_t)head] <= merit;
    return best;
}

static void write_row(Page *page, const Validations *all, size_t point)
{
    const ParetoFront *front = &all->front;
    char text[64];
    page_write(page, "<tr><td class=\"n\">%g</td>", all->epoch[front->point[point].step]);
    for (int h = 0; h < front->heads; h++) {
        double merit = front->merit[point * (size_t)front->heads + (size_t)h];
        print_merit(text, sizeof text, &all->key[h], merit);
        page_write(page, "<td class=\"n\">");
        page_element(page, is_best(front, h, merit) ? "b" : "span", NULL, text);
        page_write(page, "</td>");
    }
    page_write(page, "</tr>\n");
}

static void write_table(Page *page, const Validations *all)
{
    page_write(page, "<div class=\"card scroll\"><table><tr><th class=\"n\">epoch</th>");
    for (int h = 0; h < all->run->heads; h++) {
        page_write(page, "<th class=\"n\">");
        page_text(page, all->run->head[h]);
        page_write(page, ", %s</th>", all->key[h].name);
    }
    page_write(page, "</tr>\n");
    for (size_t p = 0; p < all->front.points; p++)
        if (all->front.point[p].kept) write_row(page, all, p);
    page_write(page, "</table></div>\n");
}

/* --- two heads against each other --- */

/* Scores as they are shown: shares of x in percent, since axes of x have no other way to say so. */
static Line scores_line(const Validations *all, const double *merit, size_t count, Arena *arena)
{
    double *x = arena_new(arena, double, count + 1), *y = arena_new(arena, double, count + 1);
    for (size_t i = 0; i < count; i++) {
        x[i] = all->key[0].is_error ? -merit[2 * i] : 100 * merit[2 * i];
        y[i] = all->key[1].is_error ? -merit[2 * i + 1] : merit[2 * i + 1];
    }
    return (Line){.x = x, .y = y, .count = count};
}

/* Of a front of two heads, what is better in one is worse in the other; so there is one order. */
static void sort_by_first(double *merit, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        double first = merit[2 * i], second = merit[2 * i + 1];
        size_t at = i;
        for (; at > 0 && merit[2 * at - 2] > first; at--) {
            merit[2 * at] = merit[2 * at - 2];
            merit[2 * at + 1] = merit[2 * at - 1];
        }
        merit[2 * at] = first;
        merit[2 * at + 1] = second;
    }
}

static void draw_pair(Page *page, const Validations *all, int colour, Arena *arena)
{
    const char *const *head = all->run->head;
    size_t points = all->front.points;
    double *sorted = arena_new(arena, double, 2 * points + 1);
    for (size_t i = 0; i < 2 * points; i++) sorted[i] = all->front.merit[i];
    sort_by_first(sorted, points);
    Line line[2] = {scores_line(all, all->merit, all->count, arena),
                    scores_line(all, sorted, points, arena)};
    line[0].name = "validations";
    line[0].style = LINE_POINTS;
    line[0].colour = CHART_COLOURS - 1;
    line[1].name = arena_printf(arena, "front: %s", head[1]);
    line[1].style = LINE_DOTTED;
    line[1].colour = colour;
    draw_lines(page,
               &(LineChart){.title = arena_printf(arena, "%s, %s, over %s", head[1],
                                                  all->key[1].name, head[0]),
                            .x_title = arena_printf(arena, "%s: %s%s", head[0], all->key[0].name,
                                                    all->key[0].is_error ? "" : ", %"),
                            .percent = !all->key[1].is_error,
                            .line = line,
                            .lines = 2});
}

static void write_run(Page *page, const ReportRun *run, Arena *arena)
{
    if (run->records.heads < 2) {
        page_write(page,
                   "<p class=\"soft\">With a single head there is nothing to weigh up.</p>\n");
        return;
    }
    Validations all = collect(&run->records, arena);
    if (all.count == 0) {
        page_write(page, "<p class=\"soft\">The run has not been validated.</p>\n");
        return;
    }
    page_write(
        page,
        "<p class=\"soft\">%zu of %zu validations are such that no other is better in one head "
        "without being worse in another",
        all.front.points, all.count);
    if (all.front.points > ROWS_SHOWN)
        page_write(page, "; here are %d that stand for them", ROWS_SHOWN);
    if (run->records.heads == 2) page_write(page, "; the line joins them");
    page_write(page, ".</p>\n<div class=\"grid wide\">\n");
    if (run->records.heads == 2) draw_pair(page, &all, run->colour, arena);
    write_table(page, &all);
    page_write(page, "</div>\n");
}

void section_pareto(Page *page, const Report *report)
{
    for (int i = 0; i < report->options->runs; i++) {
        write_run_name(page, report, &report->run[i]);
        write_run(page, &report->run[i], report->arena);
    }
}
