/* The report of runs: which sections there are, and what they need. */
#include "io/file.h"
#include "sections.h"

#include <stdio.h>
#include <string.h>

typedef struct SectionRow {
    const char *id, *title;
    SectionWriter *write;
} SectionRow;

static const SectionRow sections[] = {
    {"summary", "Summary", section_summary},
    {"curves", "Curves", section_curves},
    {"pareto", "Trade-offs", section_pareto},
    {"classes", "Classes", section_classes},
    {"mistakes", "Mistakes", section_mistakes},
    {"predictions", "Predictions", section_predictions},
    {"augmentation", "Augmentation", section_augmentation},
    {"interference", "Interference", section_interference},
    {"speed", "Speed", section_speed},
    {"faults", "Faults", section_faults},
    {"config", "Configuration", section_config},
    {"provenance", "Provenance", section_provenance},
};

void write_run_name(Page *page, const Report *report, const ReportRun *run)
{
    if (report->options->runs > 1) page_element(page, "h3", NULL, run->records.name);
}

bool write_no_answers(Page *page, const ReportRun *run)
{
    if (run->answered) return false;
    if (*run->checkpoint_path)
        page_write(page, "<p class=\"soft\">Made without images; <code>--pack PACK</code> lets the "
                         "checkpoint answer for them.</p>\n");
    else
        page_write(page, "<p class=\"soft\">The run has no checkpoint.</p>\n");
    return true;
}

ScoreKey score_key(const RunRecords *run, const char *head)
{
    static const ScoreKey keys[] = {{"top1", "top1", "top-1", false},
                                    {"micro_f1", "exact", "micro-F1", false},
                                    {"mae", "mae", "mean error", true}};
    const JsonValue *last = run_records_last(run, "val");
    const JsonValue *of = json_member(json_member(last, "heads"), head);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_member(of, keys[i].key)) return keys[i];
    return keys[0];
}

/* --- opening --- */

static void find_checkpoint(ReportRun *run, const char *wanted)
{
    static const char *const usual[] = {"best-joint", "best-weighted", "last"};
    int count = wanted ? 1 : 3;
    for (int i = 0; i < count; i++) {
        snprintf(run->checkpoint_path, sizeof run->checkpoint_path, "%s/checkpoint/%s",
                 run->records.path, wanted ? wanted : usual[i]);
        if (file_exists(run->checkpoint_path)) return;
    }
    *run->checkpoint_path = 0;
}

/* The checkpoint answers for its split of the pack. */
static bool open_model(ReportRun *run, const ReportOptions *options, Comm *comm, Arena *arena,
                       Error *err)
{
    if (!saved_model_open(&run->model, run->checkpoint_path, options->pack, options->workers, comm,
                          arena, err))
        return false;
    run->answered = run->loaded = true;
    run->checkpoint = run->model.checkpoint;
    size_t images;
    pack_split(run->model.pack, options->split, &images);
    if (images == 0)
        return error_set(err, ERROR_DATA, "%s: has no images in split %s",
                         pack_path(run->model.pack), split_name(options->split));
    return answers_collect(&run->answers, &run->model.engine, options->split, arena, err);
}

static bool open_run(ReportRun *run, const ReportOptions *options, Comm *comm, Arena *arena,
                     Error *err)
{
    find_checkpoint(run, options->checkpoint);
    if (!*run->checkpoint_path && options->checkpoint)
        return error_set(err, ERROR_USAGE, "--checkpoint: %s/checkpoint has no %s",
                         run->records.path, options->checkpoint);
    if (!*run->checkpoint_path) return true;
    if (options->pack) return open_model(run, options, comm, arena, err);
    /* A page without images can do without the checkpoint. */
    Error ignored = {0};
    run->loaded = checkpoint_load(&run->checkpoint, run->checkpoint_path, arena, &ignored);
    return true;
}

static bool open_runs(Report *report, Comm *comm, Error *err)
{
    const ReportOptions *options = report->options;
    for (int i = 0; i < options->runs; i++) {
        ReportRun *run = &report->run[i];
        run->colour = i;
        if (!run_records_open(&run->records, options->run[i], report->arena, err) ||
            !open_run(run, options, comm, report->arena, err))
            return false;
    }
    return true;
}

static void close_runs(Report *report)
{
    for (int i = 0; i < report->options->runs; i++) {
        if (report->run[i].answered) saved_model_close(&report->run[i].model);
        run_records_close(&report->run[i].records);
    }
}

bool report_runs(const ReportOptions *options, Comm *comm, Arena *arena, Error *err)
{
    Report report = {
        .options = options, .run = arena_new(arena, ReportRun, options->runs), .arena = arena};
    bool ok = open_runs(&report, comm, err);
    if (ok) {
        const char *title = report.run[0].records.name;
        if (options->runs > 1)
            title = arena_printf(arena, "%s and %d other%s", title, options->runs - 1,
                                 options->runs > 2 ? "s" : "");
        Page *page = page_create(title);
        for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
            page_section(page, sections[i].id, sections[i].title);
            sections[i].write(page, &report);
        }
        ok = page_save(page, options->out, err);
        page_destroy(page);
    }
    close_runs(&report);
    return ok;
}
