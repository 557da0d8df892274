/* Tables and JSON of umbel bench; private to cli. */
#pragma once

#include "bench/pace.h"
#include "bench/sgemm_rate.h"

typedef struct BenchReport {
    const Config *config;
    const char *kind; /* of the trunk */
    const RigHeads *heads;
    int ranks, workers;
    Work work; /* of an image */
    SgemmRate sgemm;
    bool has_pack;
    Pace still, pack;       /* on still pictures; on the configured pack */
    const Profile *profile; /* of the last of them; NULL: none */
} BenchReport;

void bench_print(const BenchReport *report);
void bench_print_json(const BenchReport *report);
