/* What umbel plan has found, as a table with lines for sbatch, or as JSON. */
#include "plan_report.h"
#include "frame.h"

#include "bench_report.h"
#include "doctor/amounts.h"

#include <math.h>
#include <stdio.h>

/* Beyond what is computed: libraries, the pack's tables, buffers of MPI and of the file system. */
static const double MEMORY_MARGIN = 1.25, TIME_MARGIN = 1.2;

static uint64_t node_bytes(const PlanReport *report)
{
    double ranks = report->model.ranks_per_node;
    double planned = ranks * (double)(report->footprint.rank + PLAN_BASE_BYTES);
    return (uint64_t)(MEMORY_MARGIN * (planned + (double)report->footprint.node));
}

static uint64_t rank_bytes(const PlanReport *report)
{
    uint64_t shared = report->footprint.node / (uint64_t)report->model.ranks_per_node;
    return report->footprint.rank + shared + report->program;
}

static double run_seconds(const PlanReport *report, const PlanRow *row)
{
    return TIME_MARGIN * row->epoch_seconds * report->config->epochs;
}

static uint64_t summed_bytes(const StepModel *model)
{
    uint64_t bytes = model->side_bytes;
    for (int b = 0; b < model->buckets; b++) bytes += model->bucket[b].bytes;
    return bytes;
}

/* --- the table --- */

static void print_subject(const PlanReport *report)
{
    char a[AMOUNT_BYTES], b[AMOUNT_BYTES], c[AMOUNT_BYTES];
    const Config *config = report->config;
    const LaneCost *cost = &report->cost;
    printf("%-10s %s, %d pixels, batch %d, lane %d; %d workers per rank, %d rank%s per node\n",
           "network", report->kind, config->image, config->batch, config->lane,
           report->model.workers, report->model.ranks_per_node,
           report->model.ranks_per_node == 1 ? "" : "s");
    printf("%-10s %s on one worker%s; update %s\n", "lane", print_seconds(cost->lane_seconds, a),
           cost->measured ? ", measured here" : ", as given",
           cost->measured ? print_seconds(cost->update_seconds, b) : "neglected");
    printf("%-10s %.3g Gbit/s, %.3g us; a step sums %s in %d buckets\n", "network",
           8e-9 * report->model.network.bandwidth, 1e6 * report->model.network.latency,
           print_bytes(summed_bytes(&report->model), a), report->model.buckets);
    printf("%-10s %s per rank of %s; the largest lane that fits: %d, the largest batch: %d\n",
           "memory", print_bytes(rank_bytes(report), a), print_bytes(report->memory, b),
           report->largest_lane, report->largest_batch);
    printf("%-10s %s%s%s\n", "checkpoint", print_bytes(report->footprint.checkpoint, a),
           cost->checkpoint_seconds > 0 ? ", written here in " : "",
           cost->checkpoint_seconds > 0 ? print_seconds(cost->checkpoint_seconds, c) : "");
}

static void print_rows(const PlanReport *report)
{
    char step[AMOUNT_BYTES], epoch[AMOUNT_BYTES];
    printf("\n%6s %6s %7s %10s %9s %11s %11s %13s %15s\n", "ranks", "nodes", "rounds", "step",
           "exposed", "images/s", "efficiency", "epoch", "batch for 80 %");
    for (int i = 0; i < report->rows; i++) {
        const PlanRow *row = &report->row[i];
        const StepForecast *forecast = &row->forecast;
        printf("%6d %6d %7d %10s %7.1f %% %11.1f %9.1f %% %13s", forecast->ranks, forecast->nodes,
               forecast->rounds, print_seconds(forecast->step, step),
               100 * forecast->exposed / forecast->step, row->images_per_second,
               100 * forecast->efficiency,
               row->epoch_seconds > 0 ? print_seconds(row->epoch_seconds, epoch) : "-");
        if (row->batch_needed)
            printf(" %15d\n", row->batch_needed);
        else
            printf(" %15s\n", "none");
    }
}

static void print_verdict(const PlanReport *report)
{
    for (int i = 0; i < report->rows; i++)
        if (report->row[i].forecast.efficiency < PLAN_EFFICIENCY) {
            printf("\nBelow 80 %% from %d ranks on: batch %d has %d lanes for %d workers%s.\n",
                   report->row[i].forecast.ranks, report->config->batch, report->model.lanes,
                   report->row[i].forecast.ranks * report->model.workers,
                   report->row[i].batch_needed ? "; a larger batch would use them" : "");
            return;
        }
    puts("\nAll these numbers of ranks are used well (80 % or more).");
}

static void print_batch_lines(const PlanReport *report)
{
    if (report->best < 0) return;
    const PlanRow *row = &report->row[report->best];
    printf("\n#SBATCH --nodes=%d\n#SBATCH --ntasks-per-node=%d\n#SBATCH --cpus-per-task=%d\n",
           row->forecast.nodes, report->model.ranks_per_node, report->model.workers);
    printf("#SBATCH --mem=%lluM\n", (unsigned long long)(node_bytes(report) >> 20) + 1);
    if (row->epoch_seconds > 0) {
        long minutes = (long)ceil(run_seconds(report, row) / 60);
        printf("#SBATCH --time=%02ld:%02ld:00\n", minutes / 60, minutes % 60);
    }
}

void plan_print(const PlanReport *report)
{
    print_subject(report);
    print_rows(report);
    print_verdict(report);
    print_batch_lines(report);
}

/* --- JSON --- */

static void add_row(Json *json, const PlanReport *report, const PlanRow *row)
{
    const StepForecast *forecast = &row->forecast;
    json_begin(json, NULL);
    json_add_integer(json, "ranks", forecast->ranks);
    json_add_integer(json, "nodes", forecast->nodes);
    json_add_integer(json, "rounds", forecast->rounds);
    json_add_real(json, "compute_seconds", forecast->compute);
    json_add_real(json, "exposed_seconds", forecast->exposed);
    json_add_real(json, "step_seconds", forecast->step);
    json_add_real(json, "images_per_second", row->images_per_second);
    json_add_real(json, "efficiency", forecast->efficiency);
    json_add_integer(json, "batch_for_80_percent", row->batch_needed);
    if (row->epoch_seconds > 0) {
        json_add_real(json, "epoch_seconds", row->epoch_seconds);
        json_add_real(json, "run_seconds", run_seconds(report, row));
    }
    json_end(json);
}

void plan_print_json(const PlanReport *report)
{
    Json *json = json_create();
    json_add_text(json, "network", report->kind);
    json_add_integer(json, "batch", report->config->batch);
    json_add_integer(json, "lane", report->config->lane);
    json_add_integer(json, "workers", report->model.workers);
    json_add_integer(json, "ranks_per_node", report->model.ranks_per_node);
    json_add_bool(json, "measured", report->cost.measured);
    json_add_real(json, "lane_seconds", report->cost.lane_seconds);
    json_add_real(json, "update_seconds", report->cost.update_seconds);
    json_add_real(json, "bandwidth", report->model.network.bandwidth);
    json_add_real(json, "latency", report->model.network.latency);
    json_add_integer(json, "buckets", report->model.buckets);
    json_add_integer(json, "rank_bytes", (int64_t)rank_bytes(report));
    json_add_integer(json, "node_bytes", (int64_t)node_bytes(report));
    json_add_integer(json, "largest_lane", report->largest_lane);
    json_add_integer(json, "largest_batch", report->largest_batch);
    json_add_integer(json, "checkpoint_bytes", (int64_t)report->footprint.checkpoint);
    if (report->cost.checkpoint_seconds > 0)
        json_add_real(json, "checkpoint_seconds", report->cost.checkpoint_seconds);
    json_begin_array(json, "rows");
    for (int i = 0; i < report->rows; i++) add_row(json, report, &report->row[i]);
    json_end(json);
    put_json(json);
}
