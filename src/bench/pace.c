/* Measuring whole steps. */
#include "bench/pace.h"

#include "base/machine.h"
#include "median.h"

static void watch(Rig *rig, int steps, Profile *profile, Arena *run)
{
    profile_begin(profile, rig, run);
    for (int s = 0; s < steps; s++) {
        rig_step(rig);
        profile_add_step(profile);
    }
    profile_end(profile, rig);
}

Pace pace_measure(Rig *rig, int steps, Profile *profile, Arena *run)
{
    Pace pace = {.steps = steps};
    double *seconds = arena_new(run, double, steps);
    rig_step(rig); /* touches memory for the first time */
    for (int s = 0; s < steps; s++) seconds[s] = rig_step(rig);
    pace.median = median_of(seconds, steps); /* sorts */
    pace.least = seconds[0];
    pace.most = seconds[steps - 1];
    pace.images_per_second = rig->config.batch / pace.median;
    pace.flops =
        work_flops(graph_work(trainer_engine(rig->trainer)->model.graph)) * pace.images_per_second;
    if (profile) watch(rig, steps, profile, run);
    pace.peak_bytes = machine_memory_peak();
    comm_max_u64(rig->comm, &pace.peak_bytes, 1);
    rig_evaluate(rig); /* the first touches memory */
    pace.evaluation = rig_evaluate(rig);
    return pace;
}
