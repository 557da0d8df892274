/* What umbel bench has measured, as tables for people or as JSON. */
#include "bench_report.h"
#include "frame.h"

#include "doctor/amounts.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPS_SHOWN = 5 };

/* --- the table --- */

static void print_subject(const BenchReport *report)
{
    const Config *config = report->config;
    printf("%-10s %s, %d pixels, batch %d, lane %d, classes", "network", report->kind,
           config->image, config->batch, config->lane);
    for (int h = 0; h < report->heads->count; h++)
        printf("%s%d", h ? " + " : " ", report->heads->spec[h].classes);
    printf("; ranks %d, workers %d\n", report->ranks, report->workers);
    printf("%-10s %.3f GMAC forward, %.2f GFLOP forward and backward, per image\n", "work",
           1e-9 * (double)report->work.forward, 1e-9 * work_flops(report->work));
    printf("%-10s %s; matrix products by %s; %s, %s, core %s\n", "kernels", kernels()->isa,
           gemm_kind_name(), gemm_library(), gemm_threading(), gemm_core());
    printf("%-10s %.1f GF/s by OpenBLAS, %.1f GF/s by our kernels, all workers together\n", "sgemm",
           1e-9 * report->sgemm.openblas, 1e-9 * report->sgemm.ours);
}

static void print_pace(const char *name, const BenchReport *report, const Pace *pace)
{
    char peak[AMOUNT_BYTES];
    printf("%-10s step %.4f s (median of %d, %.4f to %.4f), %.2f images/s, %.1f GF/s, %.1f %% of "
           "sgemm\n",
           name, pace->median, pace->steps, pace->least, pace->most, pace->images_per_second,
           1e-9 * pace->flops, 100 * pace->flops / report->sgemm.best);
    printf("%-10s peak memory %s per rank", "", print_bytes(pace->peak_bytes, peak));
    if (pace->evaluation > 0) printf("; evaluation %.2f images/s", pace->evaluation);
    putchar('\n');
}

static double share_of(double seconds, const Profile *profile)
{
    return 100 * seconds / (profile->kind[SPAN_STEP] * profile->workers);
}

static void print_kinds(const Profile *profile)
{
    static const struct {
        SpanKind kind;
        bool of_all; /* its span on the main thread is the time of every worker */
    } shown[] = {{SPAN_INPUT, false}, {SPAN_FORWARD, false}, {SPAN_BACKWARD, false},
                 {SPAN_SUM, false},   {SPAN_WAIT, true},     {SPAN_OPTIMIZER, true},
                 {SPAN_PREPARE, true}};
    double rest = profile->kind[SPAN_STEP] * profile->workers;
    printf("\n%-12s %10s %7s\n", "profile", "seconds", "%");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        double seconds = profile->kind[shown[i].kind] * (shown[i].of_all ? profile->workers : 1);
        rest -= seconds;
        printf("%-12s %10.4f %7.1f\n", span_kind_name[shown[i].kind], seconds,
               share_of(seconds, profile));
    }
    printf("%-12s %10.4f %7.1f\n", "idle, rest", rest, share_of(rest, profile));
    printf("Seconds of all %d workers of rank 0, per step.\n", profile->workers);
}

static void print_ops(const Profile *profile, const int *order)
{
    int ops = profile->ops;
    printf("\n%-40s %-16s %9s %9s %7s %7s\n", "op", "type", "forward", "backward", "%", "GF/s");
    for (int i = 0; i < ops; i++) {
        const OpTime *time = &profile->op[i];
        printf("%-40s %-16s %9.5f %9.5f %7.2f %7.1f\n", time->name, time->type, time->forward,
               time->backward, share_of(op_time_total(time), profile),
               1e-9 * op_time_flops(profile, time));
    }
    printf("\nslowest ops\n");
    for (int i = 0; i < OPS_SHOWN && i < ops; i++) {
        const OpTime *time = &profile->op[order[i]];
        printf("  %-40s %9.5f s %6.2f %% %7.1f GF/s per worker\n", time->name, op_time_total(time),
               share_of(op_time_total(time), profile), 1e-9 * op_time_flops(profile, time));
    }
}

void bench_print(const BenchReport *report)
{
    print_subject(report);
    print_pace("still", report, &report->still);
    if (report->has_pack) print_pace("pack", report, &report->pack);
    if (!report->profile) return;
    Arena *arena = arena_create("report");
    print_kinds(report->profile);
    print_ops(report->profile, profile_slowest(report->profile, arena));
    arena_destroy(arena);
}

/* --- JSON --- */

static void add_subject(Json *json, const BenchReport *report)
{
    json_add_text(json, "network", report->kind);
    json_add_integer(json, "image", report->config->image);
    json_add_integer(json, "batch", report->config->batch);
    json_add_integer(json, "lane", report->config->lane);
    json_begin_array(json, "classes");
    for (int h = 0; h < report->heads->count; h++)
        json_add_integer(json, NULL, report->heads->spec[h].classes);
    json_end(json);
    json_add_integer(json, "ranks", report->ranks);
    json_add_integer(json, "workers", report->workers);
    json_add_integer(json, "forward_macs", (int64_t)report->work.forward);
    json_add_integer(json, "backward_macs", (int64_t)report->work.backward);
    json_add_text(json, "kernels", kernels()->isa);
    json_add_text(json, "gemm", gemm_kind_name());
    json_add_text(json, "blas", gemm_library());
    json_add_text(json, "blas_core", gemm_core());
    json_add_real(json, "sgemm_openblas_flops", report->sgemm.openblas);
    json_add_real(json, "sgemm_ours_flops", report->sgemm.ours);
}

static void add_pace(Json *json, const char *name, const BenchReport *report, const Pace *pace)
{
    json_begin(json, name);
    json_add_integer(json, "steps", pace->steps);
    json_add_real(json, "step_seconds", pace->median);
    json_add_real(json, "least_seconds", pace->least);
    json_add_real(json, "most_seconds", pace->most);
    json_add_real(json, "images_per_second", pace->images_per_second);
    json_add_real(json, "flops", pace->flops);
    json_add_real(json, "share_of_sgemm", pace->flops / report->sgemm.best);
    json_add_real(json, "evaluation_images_per_second", pace->evaluation);
    json_add_integer(json, "peak_bytes", (int64_t)pace->peak_bytes);
    json_end(json);
}

static void add_profile(Json *json, const Profile *profile)
{
    json_begin(json, "profile");
    json_begin(json, "seconds");
    for (int k = 0; k < SPAN_KINDS; k++) json_add_real(json, span_kind_name[k], profile->kind[k]);
    json_end(json);
    json_begin_array(json, "ops");
    for (int i = 0; i < profile->ops; i++) {
        const OpTime *time = &profile->op[i];
        json_begin(json, NULL);
        json_add_text(json, "name", time->name);
        json_add_text(json, "type", time->type);
        json_add_real(json, "forward", time->forward);
        json_add_real(json, "backward", time->backward);
        json_add_real(json, "sum", time->sum);
        json_add_integer(json, "forward_macs", (int64_t)time->work.forward);
        json_add_integer(json, "backward_macs", (int64_t)time->work.backward);
        json_add_real(json, "flops", op_time_flops(profile, time));
        json_end(json);
    }
    json_end(json);
    json_end(json);
}

void bench_print_json(const BenchReport *report)
{
    Json *json = json_create();
    add_subject(json, report);
    add_pace(json, "still", report, &report->still);
    if (report->has_pack) add_pace(json, "pack", report, &report->pack);
    if (report->profile) add_profile(json, report->profile);
    put_json(json);
}
