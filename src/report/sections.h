/* What the sections of a report are made of; private to report. */
#pragma once

#include "report/answers.h"
#include "report/charts.h"
#include "report/page.h"
#include "report/report.h"
#include "report/run_records.h"
#include "train/saved_model.h"

enum { CHECKPOINT_PATH_BYTES = 4096 };

typedef struct ReportRun {
    RunRecords records;
    int colour;
    char checkpoint_path[CHECKPOINT_PATH_BYTES]; /* "": there is none */
    bool loaded;                                 /* `checkpoint` holds it */
    Checkpoint checkpoint;
    bool answered; /* `model` is open, and `answers` are its own */
    SavedModel model;
    Answers answers;
} ReportRun;

typedef struct Report {
    const ReportOptions *options;
    ReportRun *run; /* (options->runs) */
    Arena *arena;
} Report;

typedef void SectionWriter(Page *page, const Report *report);
SectionWriter section_summary, section_curves, section_pareto, section_classes,
    section_interference, section_mistakes, section_predictions, section_augmentation,
    section_speed, section_faults, section_config, section_provenance;

/* Names the run where there are several. */
void write_run_name(Page *page, const Report *report, const ReportRun *run);
/* Says how to get answers where there are none; true if so. */
bool write_no_answers(Page *page, const ReportRun *run);

/* The score that a head is shown by: its key in the records of validations, its name, whether less is better. */
typedef struct ScoreKey {
    const char *key, *train_key, *name;
    bool is_error;
} ScoreKey;
ScoreKey score_key(const RunRecords *run, const char *head);
