/* Resamples of heads for numbers. */
#include "measures.h"
#include "resample.h"

#include "metrics/values.h"

void resample_value(const Sample *sample, Resampled *result)
{
    double *label = arena_new(sample->arena, double, sample_most(sample)),
           *distance = arena_new(sample->arena, double, sample_most(sample));
    for (int b = 0; b < sample->resamples->count; b++) {
        size_t drawn = 0;
        for (size_t i = 0; i < sample->count; i++)
            for (int t = sample_times(sample, b, i); t > 0; t--) {
                float said = sample->predictions->vector[sample->place[i]];
                label[drawn] = sample->target[i].value;
                distance[drawn] = measure_distance(sample->head, said, label[drawn]);
                drawn++;
            }
        ValueFigures figures = value_figures(label, distance, drawn);
        result[b].mae = figures.mae;
        result[b].rmse = figures.rmse;
        result[b].r2 = figures.r2;
    }
}
