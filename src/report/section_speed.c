/* How fast it went, and what the time went to. */
#include "sections.h"

#include <stdio.h>

enum { SHARES = 3 };
static const char *const share_key[SHARES] = {"compute", "data", "communication"};
static const char *const share_name[SHARES] = {"computing", "images", "waiting for ranks"};

static void draw_speed(Page *page, const Report *report)
{
    static const char *const path[] = {"images_per_second", NULL};
    int runs = report->options->runs;
    Line *line = arena_new(report->arena, Line, runs);
    for (int i = 0; i < runs; i++) {
        const RunRecords *records = &report->run[i].records;
        Series series = run_records_series(records, "train", path, report->arena);
        line[i] = (Line){records->name, report->run[i].colour, LINE_PLAIN, series.x,
                         series.y,      series.count};
    }
    draw_lines(page, &(LineChart){.title = "Images a second",
                                  .x_title = "epoch",
                                  .from_zero = true,
                                  .line = line,
                                  .lines = runs});
}

static double mean_share(const Report *report, const RunRecords *run, int share)
{
    const char *path[] = {"time", share_key[share], NULL};
    Series series = run_records_series(run, "train", path, report->arena);
    double sum = 0;
    for (size_t i = 0; i < series.count; i++) sum += series.y[i];
    return series.count ? sum / (double)series.count : 0;
}

static void draw_shares(Page *page, const Report *report)
{
    static const int colour[SHARES] = {0, 1, 2};
    page_write(page, "<div class=\"card\"><h3>Where rank 0 spends its time</h3>");
    for (int i = 0; i < report->options->runs; i++) {
        const RunRecords *run = &report->run[i].records;
        if (report->options->runs > 1) page_element(page, "div", "soft", run->name);
        page_write(page, "<div class=\"bar\" style=\"height:18px;margin-bottom:.5rem\">");
        for (int s = 0; s < SHARES; s++)
            page_write(page, "<i style=\"width:%.2f%%;background:var(--c%d)\"></i>",
                       100 * mean_share(report, run, s), colour[s]);
        page_write(page, "</div><div class=\"legend\">");
        for (int s = 0; s < SHARES; s++)
            page_write(page, "<span style=\"--c:var(--c%d)\">%s %.1f&nbsp;%%</span>", colour[s],
                       share_name[s], 100 * mean_share(report, run, s));
        page_write(page, "</div>\n");
    }
    page_write(page, "</div>\n");
}

void section_speed(Page *page, const Report *report)
{
    page_write(page, "<div class=\"grid\">\n");
    draw_speed(page, report);
    draw_shares(page, report);
    page_write(page, "</div>\n");
}
