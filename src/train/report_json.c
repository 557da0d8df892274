/* A report as JSON. */
#include "train/report.h"

#include "figures.h"
#include "metrics/calibration.h"

static const Figure figures[] = {
    {"micro_f1", OF_CLASSES, offsetof(HeadReport, result.top1)}, /* of one class each: the same */
    {"weighted_f1", OF_CLASSES | OF_SET, offsetof(HeadReport, weighted_f1)},
    {"nll", OF_CLASSES | OF_SET, offsetof(HeadReport, nll)},
    {"brier", OF_CLASSES | OF_SET, offsetof(HeadReport, brier)},
    {"kappa", OF_RANK, offsetof(HeadReport, kappa)},
    {"macro_auroc", OF_SET, offsetof(HeadReport, macro_auroc)},
    {"map", OF_SET, offsetof(HeadReport, average_precision)},
    {"rmse", OF_VALUE | OF_ANGLE, offsetof(HeadReport, rmse)},
    {"r2", OF_VALUE, offsetof(HeadReport, r2)},
    {NULL, 0, 0},
};

static void interval_json(const char *key, Interval interval, Json *json)
{
    json_begin_array(json, key);
    json_add_real(json, NULL, interval.low);
    json_add_real(json, NULL, interval.high);
    json_end(json);
}

static void intervals_json(const HeadReport *report, Json *json)
{
    bool of_set = report->result.measure == MEASURE_SET;
    interval_json(of_set ? "exact_interval" : "top1_interval", report->top1, json);
    if (!of_set) interval_json("top5_interval", report->top5, json);
}

static void calibration_json(const int64_t *count, Json *json)
{
    json_begin_array(json, "calibration");
    for (int b = 0; b < CALIBRATION_BINS; b++) {
        CalibrationBin bin = calibration_bin(count, b);
        json_begin(json, NULL);
        json_add_integer(json, "images", bin.records);
        json_add_integer(json, "correct", bin.right);
        json_add_real(json, "probability", bin.probability);
        json_end(json);
    }
    json_end(json);
}

static void class_json(const HeadReport *report, int class, Json *json)
{
    ClassFigures figures_of = class_figures(&report->counts, class);
    json_begin(json, NULL);
    json_add_text(json, "class", report->class_name[class]);
    json_add_integer(json, "support", report->counts.labels[class]);
    json_add_integer(json, "predicted", report->counts.predicted[class]);
    json_add_integer(json, "correct", report->counts.hits[class]);
    json_add_real(json, "precision", figures_of.precision);
    json_add_real(json, "recall", figures_of.recall);
    json_add_real(json, "f1", figures_of.f1);
    if (report->ranking) {
        json_add_real(json, "auroc", report->ranking[class].auroc);
        json_add_real(json, "average_precision", report->ranking[class].average_precision);
    }
    json_end(json);
}

static void confusion_json(const HeadReport *report, Json *json)
{
    size_t classes = (size_t)report->head->classes;
    json_begin_array(json, "confusion");
    for (size_t label = 0; label < classes; label++) {
        json_begin_array(json, NULL);
        for (size_t k = 0; k < classes; k++)
            json_add_integer(json, NULL, report->confusion[label * classes + k]);
        json_end(json);
    }
    json_end(json);
}

static void head_report_json(const HeadReport *report, Json *json)
{
    json_begin(json, report->head->name);
    head_json(&report->result, json);
    figures_json(figures, report, report->result.measure, json);
    if (report->verdict) intervals_json(report, json);
    if (report->interval) {
        json_begin(json, "intervals");
        for (const FigureInterval *of = report->interval; of->key; of++)
            interval_json(of->key, of->interval, json);
        json_end(json);
    }
    if (report->calibration) calibration_json(report->calibration, json);
    if (report->counts.classes) {
        json_begin_array(json, "classes");
        for (int k = 0; k < report->counts.classes; k++) class_json(report, k, json);
        json_end(json);
    }
    if (report->confusion) confusion_json(report, json);
    json_end(json);
}

static void counts_json(const char *key, const int64_t *count, int counts, Json *json)
{
    json_begin_array(json, key);
    for (int i = 0; i < counts; i++) json_add_integer(json, NULL, count[i]);
    json_end(json);
}

static void pair_json(const Report *report, const HeadPair *pair, Json *json)
{
    json_begin(json, NULL);
    json_begin_array(json, "heads");
    json_add_text(json, NULL, report->head[pair->first].head->name);
    json_add_text(json, NULL, report->head[pair->second].head->name);
    json_end(json);
    json_add_integer(json, "both_right", pair->errors.both_right);
    json_add_integer(json, "only_first_wrong", pair->errors.only_first_wrong);
    json_add_integer(json, "only_second_wrong", pair->errors.only_second_wrong);
    json_add_integer(json, "both_wrong", pair->errors.both_wrong);
    json_add_real(json, "phi", joint_phi(&pair->errors));
    json_end(json);
}

void report_json(const Report *report, Json *json)
{
    json_add_integer(json, "images", report->images);
    json_add_integer(json, "bad", report->bad);
    json_begin(json, "heads");
    for (int h = 0; h < report->heads; h++) head_report_json(&report->head[h], json);
    json_end(json);
    json_begin(json, "joint");
    joint_json(&report->joint, json);
    interval_json("accuracy_interval", report->accuracy, json);
    counts_json("right", report->right, report->judged + 1, json);
    counts_json("wrong", report->wrong, report->judged + 1, json);
    json_begin_array(json, "pairs");
    for (int p = 0; p < report->pairs; p++) pair_json(report, &report->pair[p], json);
    json_end(json);
    json_end(json);
}
