/* Starts and restarts, skipped steps, images that cannot be read. */
#include "data/csv.h"
#include "sections.h"

#include <inttypes.h>
#include <string.h>

enum { BAD_SHOWN = 20 };

static void write_member(Page *page, const JsonValue *record, const char *key, bool number)
{
    const char *text = json_get_text(json_member(record, key));
    int64_t integer;
    if (text)
        page_element(page, "td", "whole", text);
    else if (json_get_integer(json_member(record, key), &integer))
        page_write(page, "<td%s>%" PRId64 "</td>", number ? " class=\"n\"" : "", integer);
    else
        page_write(page, "<td></td>");
}

static void write_starts(Page *page, const RunRecords *run)
{
    size_t starts = 0;
    for (size_t i = 0; i < run->records; i++) starts += run_record_is(run->record[i], "start");
    if (starts == 0) {
        page_write(page, "<p class=\"soft\">The records do not tell when it was started.</p>\n");
        return;
    }
    page_write(
        page,
        "<div class=\"card scroll\"><table class=\"full\"><tr><th>%s</th><th class=\"n\">from step"
        "</th><th class=\"n\">ranks</th><th class=\"n\">workers</th><th>commit</th></tr>\n",
        starts > 1 ? "started and restarted" : "started");
    for (size_t i = 0; i < run->records; i++) {
        const JsonValue *record = run->record[i];
        if (!run_record_is(record, "start")) continue;
        page_write(page, "<tr>");
        write_member(page, record, "moment", false);
        write_member(page, record, "step", true);
        write_member(page, record, "ranks", true);
        write_member(page, record, "workers", true);
        write_member(page, record, "commit", false);
        page_write(page, "</tr>\n");
    }
    page_write(page, "</table></div>\n");
}

static void write_counts(Page *page, const RunRecords *run)
{
    int64_t skipped = 0;
    json_get_integer(json_member(run_records_last(run, "train"), "skipped"), &skipped);
    page_write(page, "<p>%" PRId64 " step%s skipped because numbers overflowed", skipped,
               skipped == 1 ? "" : "s");
    if (run->damaged > 0)
        page_write(page, "; %zu lines of metrics.jsonl cannot be read", run->damaged);
    page_write(page, ".</p>\n");
}

static void write_bad_images(Page *page, const RunRecords *run, Arena *arena)
{
    Csv csv;
    Error ignored = {0};
    char *text = arena_strdup(arena, run->bad_images);
    if (!*text || !csv_parse(&csv, text, strlen(text), "bad_images.csv", arena, &ignored) ||
        csv.rows < 2) {
        page_write(page, "<p>All images could be read.</p>\n");
        return;
    }
    page_write(page,
               "<p>%zu image%s could not be read and count%s in no score.</p>"
               "<div class=\"card scroll\"><table "
               "class=\"full\"><tr><th>record</th><th>split</th><th>path</th>"
               "<th>reason</th></tr>\n",
               csv.rows - 1, csv.rows == 2 ? "" : "s", csv.rows == 2 ? "s" : "");
    for (size_t r = 1; r < csv.rows && r <= BAD_SHOWN; r++) {
        page_write(page, "<tr>");
        for (int f = 0; f < csv.row[r].fields; f++)
            page_element(page, "td", f > 1 ? "long" : NULL, csv.row[r].field[f]);
        page_write(page, "</tr>\n");
    }
    page_write(page, "</table>");
    if (csv.rows - 1 > BAD_SHOWN)
        page_write(page, "<p class=\"soft\">… and %zu more in bad_images.csv</p>",
                   csv.rows - 1 - BAD_SHOWN);
    page_write(page, "</div>\n");
}

void section_faults(Page *page, const Report *report)
{
    for (int i = 0; i < report->options->runs; i++) {
        const RunRecords *run = &report->run[i].records;
        write_run_name(page, report, &report->run[i]);
        write_counts(page, run);
        write_bad_images(page, run, report->arena);
        write_starts(page, run);
    }
}
