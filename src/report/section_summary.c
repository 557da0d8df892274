/* The figures that one looks for first. */
#include "sections.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Best {
    bool any;
    double value, epoch;
} Best;

static Best best_of(Series series, bool least)
{
    Best best = {0};
    for (size_t i = 0; i < series.count; i++)
        if (!best.any || (least ? series.y[i] < best.value : series.y[i] > best.value))
            best = (Best){true, series.y[i], series.x[i]};
    return best;
}

static Best best_score(const Report *report, const RunRecords *run, const char *head, ScoreKey *key)
{
    *key = score_key(run, head);
    const char *path[] = {"heads", head, key->key, NULL};
    return best_of(run_records_series(run, "val", path, report->arena), key->is_error);
}

static Best best_joint(const Report *report, const RunRecords *run)
{
    static const char *const path[] = {"joint", "accuracy", NULL};
    return best_of(run_records_series(run, "val", path, report->arena), false);
}

static void print_score(char *text, size_t bytes, Best best, bool is_error)
{
    if (!best.any)
        snprintf(text, bytes, "–");
    else if (is_error)
        snprintf(text, bytes, "%.4g", best.value);
    else
        snprintf(text, bytes, "%.1f %%", 100 * best.value);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* 0 if nothing was recorded. */
static double median_speed(const Report *report, const RunRecords *run)
{
    static const char *const path[] = {"images_per_second", NULL};
    Series series = run_records_series(run, "train", path, report->arena);
    if (series.count == 0) return 0;
    double *sorted = arena_new(report->arena, double, series.count);
    memcpy(sorted, series.y, sizeof(double) * series.count);
    qsort(sorted, series.count, sizeof *sorted, by_size);
    return sorted[series.count / 2];
}

static int64_t last_integer(const RunRecords *run, const char *key)
{
    int64_t value = 0;
    json_get_integer(json_member(run_records_last(run, "train"), key), &value);
    return value;
}

static double last_epoch(const RunRecords *run)
{
    double epoch = 0;
    json_get_real(json_member(run_records_last(run, "train"), "epoch"), &epoch);
    return epoch;
}

static void write_tile(Page *page, const char *figure, const char *what)
{
    page_write(page, "<div class=\"card tile\">");
    page_element(page, "b", NULL, figure);
    page_element(page, "span", NULL, what);
    page_write(page, "</div>\n");
}

static void write_tiles(Page *page, const Report *report, const RunRecords *run)
{
    char figure[64], what[400];
    page_write(page, "<div class=\"tiles\">\n");
    for (int h = 0; h < run->heads; h++) {
        ScoreKey key;
        Best best = best_score(report, run, run->head[h], &key);
        print_score(figure, sizeof figure, best, key.is_error);
        snprintf(what, sizeof what, "%s, %s (epoch %g)", run->head[h], key.name, best.epoch);
        write_tile(page, figure, what);
    }
    Best joint = best_joint(report, run);
    if (joint.any && run->heads > 1) {
        print_score(figure, sizeof figure, joint, false);
        snprintf(what, sizeof what, "all heads right (epoch %g)", joint.epoch);
        write_tile(page, figure, what);
    }
    snprintf(figure, sizeof figure, "%.4g", last_epoch(run));
    snprintf(what, sizeof what, "epochs, %" PRId64 " steps", last_integer(run, "step"));
    write_tile(page, figure, what);
    snprintf(figure, sizeof figure, "%.4g", median_speed(report, run));
    write_tile(page, figure, "images a second, median");
    page_write(page, "</div>\n");
}

static void write_comparison(Page *page, const Report *report)
{
    const RunRecords *first = &report->run[0].records;
    char text[64];
    page_write(page, "<div class=\"card scroll\"><table class=\"full\"><tr><th>run</th>");
    for (int h = 0; h < first->heads; h++) page_element(page, "th", "n", first->head[h]);
    page_write(page, "<th class=\"n\">all right</th><th class=\"n\">epochs</th>"
                     "<th class=\"n\">images/s</th></tr>\n");
    for (int i = 0; i < report->options->runs; i++) {
        const ReportRun *run = &report->run[i];
        page_write(page, "<tr><td><span style=\"color:var(--c%d)\">■</span> ",
                   run->colour % CHART_COLOURS);
        page_text(page, run->records.name);
        page_write(page, "</td>");
        for (int h = 0; h < first->heads; h++) {
            ScoreKey key;
            Best best = best_score(report, &run->records, first->head[h], &key);
            print_score(text, sizeof text, best, key.is_error);
            page_element(page, "td", "n", text);
        }
        print_score(text, sizeof text, best_joint(report, &run->records), false);
        page_element(page, "td", "n", text);
        page_write(page, "<td class=\"n\">%.4g</td><td class=\"n\">%.4g</td></tr>\n",
                   last_epoch(&run->records), median_speed(report, &run->records));
    }
    page_write(page, "</table></div>\n");
}

void section_summary(Page *page, const Report *report)
{
    page_write(page, "<p class=\"soft\">Best scores on the validation images.</p>\n");
    if (report->options->runs > 1)
        write_comparison(page, report);
    else
        write_tiles(page, report, &report->run[0].records);
}
