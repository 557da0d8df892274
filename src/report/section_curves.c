/* Losses, scores and learning rate over epochs. */
#include "sections.h"

enum { KINDS = 2 }; /* of records */

typedef struct CurveLines {
    Line *line;
    int lines;
} CurveLines;

static void add(CurveLines *lines, Series series, const char *name, int colour, LineStyle style)
{
    lines->line[lines->lines++] = (Line){name, colour, style, series.x, series.y, series.count};
}

static void write_legend(Page *page, const Report *report)
{
    page_write(page, "<div class=\"legend\">");
    for (int i = 0; i < report->options->runs; i++) {
        const ReportRun *run = &report->run[i];
        page_write(page, "<span style=\"--c:var(--c%d)\">", run->colour % CHART_COLOURS);
        page_text(page, report->options->runs > 1 ? run->records.name : "validation");
        page_write(page, "</span>");
    }
    page_write(page, "<span class=\"thin\" style=\"--c:var(--%s)\">training</span></div>\n",
               report->options->runs > 1 ? "soft" : "c0");
}

/* A chart of one number of the records of training, and of validations (NULL: not in these), of all runs. */
static void draw_curve(Page *page, const Report *report, LineChart chart, const char *const *train,
                       const char *const *val)
{
    CurveLines lines = {arena_new(report->arena, Line, KINDS * report->options->runs), 0};
    for (int i = 0; i < report->options->runs; i++) {
        const ReportRun *run = &report->run[i];
        const RunRecords *records = &run->records;
        bool many = report->options->runs > 1;
        if (train)
            add(&lines, run_records_series(records, "train", train, report->arena),
                many ? arena_printf(report->arena, "%s, training", records->name) : "training",
                run->colour, val ? LINE_THIN : LINE_PLAIN);
        if (val)
            add(&lines, run_records_series(records, "val", val, report->arena),
                many ? records->name : "validation", run->colour, LINE_DOTTED);
    }
    chart.x_title = "epoch";
    chart.line = lines.line;
    chart.lines = lines.lines;
    draw_lines(page, &chart);
}

static void draw_losses(Page *page, const Report *report)
{
    const RunRecords *first = &report->run[0].records;
    for (int h = 0; h < first->heads; h++) {
        const char *loss[] = {"heads", first->head[h], "loss", NULL};
        const char *title = arena_printf(report->arena, "%s: loss", first->head[h]);
        draw_curve(page, report, (LineChart){.title = title}, loss, loss);
    }
}

static void draw_scores(Page *page, const Report *report)
{
    const RunRecords *first = &report->run[0].records;
    for (int h = 0; h < first->heads; h++) {
        ScoreKey key = score_key(first, first->head[h]);
        const char *train[] = {"heads", first->head[h], key.train_key, NULL};
        const char *val[] = {"heads", first->head[h], key.key, NULL};
        const char *title = arena_printf(report->arena, "%s: %s", first->head[h], key.name);
        draw_curve(page, report, (LineChart){.title = title, .percent = !key.is_error}, train, val);
    }
}

static bool has(const RunRecords *run, const char *kind, const char *key)
{
    return json_member(run_records_last(run, kind), key) != NULL;
}

void section_curves(Page *page, const Report *report)
{
    static const char *const joint[] = {"joint", "accuracy", NULL};
    static const char *const lr[] = {"lr", NULL}, *const norm[] = {"grad_norm", NULL};
    const RunRecords *first = &report->run[0].records;
    write_legend(page, report);
    page_write(page, "<div class=\"grid\">\n");
    draw_losses(page, report);
    draw_scores(page, report);
    draw_curve(page, report,
               (LineChart){.title = "All heads right (joint accuracy)", .percent = true}, NULL,
               joint);
    draw_curve(page, report, (LineChart){.title = "Learning rate", .from_zero = true}, lr, NULL);
    if (has(first, "train", "grad_norm"))
        draw_curve(page, report, (LineChart){.title = "Norm of the gradient", .log = true}, norm,
                   NULL);
    page_write(page, "</div>\n");
}
