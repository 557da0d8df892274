/* The figures of runs as one long table: a row for each number of each record. */
#include "base/log.h"
#include "base/number.h"
#include "data/csv.h"
#include "report/report.h"
#include "report/run_records.h"
#include "train/record_figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What the rows of a record begin with. */
typedef struct RowHead {
    FILE *file;
    const char *run;
    double epoch;
    int64_t step;
} RowHead;

static void write_number(FILE *file, double value)
{
    char text[NUMBER_TEXT_BYTES];
    number_print(text, sizeof text, value);
    fputs(text, file);
}

static void write_row(void *context, const RecordFigure *figure)
{
    const RowHead *head = context;
    csv_write_field(head->file, head->run);
    fputc(',', head->file);
    write_number(head->file, head->epoch);
    fprintf(head->file, ",%" PRId64 ",%s,", head->step, figure->split);
    if (figure->head) csv_write_field(head->file, figure->head);
    fputc(',', head->file);
    csv_write_field(head->file, figure->name);
    fputc(',', head->file);
    write_number(head->file, figure->value);
    fputc('\n', head->file);
}

/* A record without a place in the run is as damaged as one that cannot be read. */
static void write_record(RunRecords *run, const JsonValue *record, FILE *file)
{
    RowHead head = {.file = file, .run = run->path};
    if (run_record_is(record, "start")) return;
    if (json_get_real(json_member(record, "epoch"), &head.epoch) &&
        json_get_integer(json_member(record, "step"), &head.step))
        record_figures(record, write_row, &head);
    else
        run->damaged++;
}

static bool write_run(const char *path, FILE *file, Arena *arena, Error *err)
{
    RunRecords run;
    bool ok = run_records_open(&run, path, arena, err);
    for (size_t i = 0; ok && i < run.records; i++) write_record(&run, run.record[i], file);
    if (ok && run.damaged > 0)
        log_warning("%s/metrics.jsonl: left out %zu line%s that cannot be read", path, run.damaged,
                    run.damaged == 1 ? "" : "s");
    run_records_close(&run);
    return ok;
}

bool report_figures(const ReportOptions *options, char **csv, size_t *bytes, Arena *arena,
                    Error *err)
{
    FILE *file = open_memstream(csv, bytes);
    if (!file) die("figures: out of memory");
    bool ok = true;
    fputs("run,epoch,step,split,head,figure,value\n", file);
    for (int i = 0; ok && i < options->runs; i++) ok = write_run(options->run[i], file, arena, err);
    if (fclose(file) != 0) die("figures: out of memory");
    if (!ok) free(*csv);
    return ok;
}
