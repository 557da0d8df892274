/* A report: each head by itself, then all of them jointly. */
#include "report_kinds.h"

#include <math.h>
#include <string.h>

static ReportHead *const kinds[] = {[MEASURE_CLASS] = report_class,
                                    [MEASURE_RANK] = report_rank,
                                    [MEASURE_SET] = report_set,
                                    [MEASURE_VALUE] = report_value,
                                    [MEASURE_ANGLE] = report_angle};

static HeadReport report_head(const Score *score, const Predictions *predictions, int index,
                              Arena *arena)
{
    const double none = (double)NAN;
    const ScoreHead *head = &score->head[index];
    HeadReport report = {.head = head,
                         .class_name = predictions->engine->labels[index].class_name,
                         .result = score_head(score, index),
                         .counts = score_classes(score, index),
                         .calibration = score_calibration(score, index),
                         .top5 = {none, none},
                         .weighted_f1 = none,
                         .nll = none,
                         .brier = none,
                         .kappa = none,
                         .macro_auroc = none,
                         .average_precision = none,
                         .rmse = none,
                         .r2 = none};
    report.top1 = interval_wilson(report.result.correct, report.result.labelled);
    if (head_judges(report.result.measure)) {
        report.verdict = arena_new(arena, int8_t, predictions->records + 1);
        memset(report.verdict, VERDICT_NONE, predictions->records);
    }
    kinds[report.result.measure](&report, predictions, index, arena);
    return report;
}

static void report_jointly(Report *report, size_t records, Arena *arena)
{
    const int8_t **verdict = arena_new(arena, const int8_t *, report->heads + 1);
    for (int h = 0; h < report->heads; h++)
        if (report->head[h].verdict) verdict[report->judged++] = report->head[h].verdict;
    report->right = arena_new(arena, int64_t, report->judged + 1);
    report->wrong = arena_new(arena, int64_t, report->judged + 1);
    joint_histogram(report->right, report->wrong, verdict, report->judged, records);
    report->pair =
        arena_new(arena, HeadPair, (size_t)report->judged * (size_t)report->judged / 2 + 1);
    for (int a = 0; a < report->heads; a++)
        for (int b = a + 1; b < report->heads; b++) {
            const int8_t *first = report->head[a].verdict, *second = report->head[b].verdict;
            if (first && second)
                report->pair[report->pairs++] =
                    (HeadPair){a, b, joint_pair(first, second, records)};
        }
}

Report report_create(const Score *score, const Predictions *predictions, Arena *arena)
{
    Report report = {.images = score_images(score),
                     .bad = score_bad_images(score),
                     .head = arena_new(arena, HeadReport, score->heads + 1),
                     .heads = score->heads,
                     .joint = score_joint(score)};
    for (int h = 0; h < score->heads; h++)
        report.head[h] = report_head(score, predictions, h, arena);
    report.accuracy = interval_wilson(report.joint.correct, report.joint.labelled);
    report_jointly(&report, predictions->records, arena);
    return report;
}
