/* Area under the ROC curve and average precision. */
#include "metrics/ranking.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static float key(float score)
{
    return isnan(score) ? -INFINITY : score;
}

int ranking_compare(float first, float second)
{
    float x = key(first), y = key(second);
    return (x < y) - (x > y);
}

static int by_falling_score(const void *a, const void *b)
{
    return ranking_compare(((const Ranked *)a)->score, ((const Ranked *)b)->score);
}

RankingFigures ranking_figures(Ranked *ranked, size_t count)
{
    qsort(ranked, count, sizeof *ranked, by_falling_score);
    return ranking_of_sorted(ranked, count);
}

RankingFigures ranking_of_sorted(const Ranked *ranked, size_t count)
{
    int64_t holding = 0, other = 0; /* so far */
    int64_t half_pairs = 0;         /* pairs in the right order count 2, ties 1 */
    double precision = 0;
    for (size_t i = 0, next; i < count; i = next) {
        int64_t held = 0;
        for (next = i; next < count && ranking_compare(ranked[next].score, ranked[i].score) == 0;
             next++)
            held += ranked[next].holds;
        int64_t rest = (int64_t)(next - i) - held;
        half_pairs += rest * (2 * holding + held);
        holding += held;
        other += rest;
        precision += (double)held * ((double)holding / (double)next);
    }
    double pairs = 2 * (double)holding * (double)other;
    return (RankingFigures){.auroc = pairs > 0 ? (double)half_pairs / pairs : (double)NAN,
                            .average_precision =
                                holding ? precision / (double)holding : (double)NAN};
}
