/* Tables and JSON of umbel plan; private to cli. */
#pragma once

#include "bench/lane_cost.h"
#include "train/plan.h"

enum { PLAN_RANKS_MAX = 32 };

/* What one number of ranks means. */
typedef struct PlanRow {
    StepForecast forecast;
    double images_per_second, epoch_seconds; /* 0: number of images not known */
    int batch_needed; /* for 80 % of all workers' time, all busy to the end; 0: no batch does it */
} PlanRow;

typedef struct PlanReport {
    const Config *config;
    const char *kind;
    LaneCost cost;
    StepModel model;
    Footprint footprint;
    uint64_t
        program; /* bytes of the program, its libraries and MPI on one rank, before any network */
    uint64_t memory;   /* bytes that a rank may have */
    int largest_lane;  /* that fits; 0: not even one image does */
    int largest_batch; /* of lanes as configured; 0: not even one lane fits */
    uint64_t images;   /* of an epoch; 0: not known */
    PlanRow row[PLAN_RANKS_MAX];
    int rows;
    int best; /* the row with the most ranks that are used well; -1: none is */
} PlanReport;

/* Share of the workers' time below which ranks are not used well. */
#define PLAN_EFFICIENCY 0.8
/* Of a rank's memory that the network shall not get: program, libraries, and what MPI may take besides
 * where there are many ranks. */
#define PLAN_BASE_BYTES ((uint64_t)256 << 20)

void plan_print(const PlanReport *report);
void plan_print_json(const PlanReport *report);
