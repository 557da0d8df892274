/* Figures of classes. */
#include "metrics/classes.h"

static double ratio(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

ClassFigures class_figures(const ClassCounts *counts, int class)
{
    int64_t hits = counts->hits[class], predicted = counts->predicted[class],
            labels = counts->labels[class];
    return (ClassFigures){ratio(hits, predicted), ratio(hits, labels),
                          ratio(2 * hits, predicted + labels)};
}

double class_macro_f1(const ClassCounts *counts)
{
    double sum = 0;
    int occurring = 0;
    for (int k = 0; k < counts->classes; k++) {
        occurring += counts->predicted[k] + counts->labels[k] > 0;
        sum += class_figures(counts, k).f1;
    }
    return occurring ? sum / occurring : 0;
}

double class_weighted_f1(const ClassCounts *counts)
{
    double sum = 0;
    int64_t labels = 0;
    for (int k = 0; k < counts->classes; k++) {
        sum += (double)counts->labels[k] * class_figures(counts, k).f1;
        labels += counts->labels[k];
    }
    return labels ? sum / (double)labels : 0;
}

double class_micro_f1(const ClassCounts *counts)
{
    int64_t hits = 0, all = 0;
    for (int k = 0; k < counts->classes; k++) {
        hits += counts->hits[k];
        all += counts->predicted[k] + counts->labels[k];
    }
    return all ? ratio(2 * hits, all) : 1;
}

double class_balanced_accuracy(const ClassCounts *counts)
{
    double sum = 0;
    int occurring = 0;
    for (int k = 0; k < counts->classes; k++) {
        occurring += counts->labels[k] > 0;
        sum += class_figures(counts, k).recall;
    }
    return occurring ? sum / occurring : 0;
}
