/* Reports of evaluations for people. */
#include "eval_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int wider(int width, const char *text)
{
    return (int)strlen(text) > width ? (int)strlen(text) : width;
}

/* --- heads --- */

static void print_class(const HeadReport *report)
{
    const HeadResult *result = &report->result;
    printf("%6.2f%%  %6.2f%%  %8.4f  %8.4f  %6.4f  %8.4f\n", 100 * result->top1, 100 * result->top5,
           result->macro_f1, result->balanced_accuracy, result->ece, result->loss);
}

static void print_rank(const HeadReport *report)
{
    const HeadResult *result = &report->result;
    printf("%6.2f%%  mean error %.4f ranks  kappa %.4f  loss %.4f\n", 100 * result->top1,
           result->error, report->kappa, result->loss);
}

static void print_set(const HeadReport *report)
{
    const HeadResult *result = &report->result;
    printf("%6.2f%% exact  micro-F1 %.4f  macro-F1 %.4f  mAP %.4f  AUROC %.4f  loss %.4f\n",
           100 * result->top1, result->micro_f1, result->macro_f1, report->average_precision,
           report->macro_auroc, result->loss);
}

static void print_value(const HeadReport *report)
{
    printf("mean error %.6g  RMSE %.6g  ", report->result.error, report->rmse);
    if (!isnan(report->r2)) printf("R2 %.4f  ", report->r2);
    printf("loss %.4f\n", report->result.loss);
}

static void (*const print_head[])(const HeadReport *report) = {[MEASURE_CLASS] = print_class,
                                                               [MEASURE_RANK] = print_rank,
                                                               [MEASURE_SET] = print_set,
                                                               [MEASURE_VALUE] = print_value,
                                                               [MEASURE_ANGLE] = print_value};

void eval_print(const Report *report)
{
    int width = 5;
    bool any = false;
    for (int h = 0; h < report->heads; h++) {
        width = wider(width, report->head[h].head->name);
        any |= report->head[h].result.measure == MEASURE_CLASS;
    }
    printf("%-*s  %8s", width, "head", "labelled");
    if (any)
        printf("  %7s  %7s  %8s  %8s  %6s  %8s", "top-1", "top-5", "macro-F1", "balanced", "ECE",
               "loss");
    printf("\n");
    for (int h = 0; h < report->heads; h++) {
        const HeadReport *head = &report->head[h];
        printf("%-*s  %8lld  ", width, head->head->name, (long long)head->result.labelled);
        if (head->result.labelled)
            print_head[head->result.measure](head);
        else
            printf("no labels\n");
    }
    if (report->joint.labelled)
        printf("%-*s  %8lld  %6.2f%%  (95 %%: %.2f%% to %.2f%%)\n", width, "joint",
               (long long)report->joint.labelled, 100 * report->joint.accuracy,
               100 * report->accuracy.low, 100 * report->accuracy.high);
}

/* --- classes --- */

static void print_classes(const HeadReport *report)
{
    int width = 5;
    for (int k = 0; k < report->counts.classes; k++) width = wider(width, report->class_name[k]);
    printf("\n%s\n%-*s  %8s  %9s  %6s  %6s%s\n", report->head->name, width, "class", "support",
           "precision", "recall", "F1", report->ranking ? "   AUROC      AP" : "");
    for (int k = 0; k < report->counts.classes; k++) {
        ClassFigures figures = class_figures(&report->counts, k);
        printf("%-*s  %8lld  %9.4f  %6.4f  %6.4f", width, report->class_name[k],
               (long long)report->counts.labels[k], figures.precision, figures.recall, figures.f1);
        if (report->ranking)
            printf("  %6.4f  %6.4f", report->ranking[k].auroc,
                   report->ranking[k].average_precision);
        printf("\n");
    }
}

void eval_print_classes(const Report *report)
{
    for (int h = 0; h < report->heads; h++)
        if (report->head[h].counts.classes) print_classes(&report->head[h]);
}

/* --- confusion --- */

void eval_print_confusion(const HeadReport *report)
{
    size_t classes = (size_t)report->head->classes;
    int width = 5, cell = 3;
    for (size_t k = 0; k < classes; k++) width = wider(width, report->class_name[k]);
    for (size_t i = 0; i < classes * classes; i++) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)report->confusion[i]);
        cell = wider(cell, text);
    }
    printf("\n%s: a row per label, a column per prediction\n%4s %-*s", report->head->name, "",
           width, "");
    for (size_t k = 0; k < classes; k++) printf("  %*zu", cell, k);
    printf("\n");
    for (size_t label = 0; label < classes; label++) {
        printf("%4zu %-*s", label, width, report->class_name[label]);
        for (size_t k = 0; k < classes; k++)
            printf("  %*lld", cell, (long long)report->confusion[label * classes + k]);
        printf("\n");
    }
}
