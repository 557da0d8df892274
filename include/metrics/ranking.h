/* How well scores put what holds before what does not. Equal scores are one step, as in scikit-learn. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct Ranked {
    float score;
    bool holds;
} Ranked;

typedef struct RankingFigures {
    /* Area under the ROC curve: the chance that one that holds ranks before one that does not, ties half. NaN
     * unless there are both. */
    double auroc;
    /* Sum over the distinct scores, falling, of precision times growth of recall. NaN if none holds. */
    double average_precision;
} RankingFigures;

/* Sorts `ranked` (count) by falling score; NaN comes last. */
RankingFigures ranking_figures(Ranked *ranked, size_t count);
/* Of what is in that order already. */
RankingFigures ranking_of_sorted(const Ranked *ranked, size_t count);
/* Whether a score comes before another one (below 0), behind it (above 0), or neither. */
int ranking_compare(float first, float second);
