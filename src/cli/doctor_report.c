/* The doctor's report, as a table for people or as JSON. */
#include "doctor_report.h"
#include "frame.h"

#include "doctor/amounts.h"
#include "io/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const launcher_name[] = {
    [LAUNCHER_NONE] = "alone", [LAUNCHER_MPIRUN] = "mpirun", [LAUNCHER_SRUN] = "srun"};
static const char *const severity_name[] = {[ADVICE] = "advice", [PROBLEM] = "problem"};

static int ranks_of_host(const Survey *survey, int host)
{
    int ranks = 0;
    for (int r = 0; r < survey->ranks; r++) ranks += survey->host[r] == host;
    return ranks;
}

/* --- the table --- */

/* "2 of 64" or "16-32 of 64": what ranks may use, least and most. */
static void print_range(const char *name, const Survey *survey, int (*value)(const RankFacts *),
                        const char *rest)
{
    int least = value(&survey->rank[0]), most = least;
    for (int r = 1; r < survey->ranks; r++) {
        int now = value(&survey->rank[r]);
        if (now < least) least = now;
        if (now > most) most = now;
    }
    if (least == most)
        printf("%-10s %d %s\n", name, least, rest);
    else
        printf("%-10s %d to %d %s\n", name, least, most, rest);
}

static int cores_of_rank(const RankFacts *rank)
{
    return cpu_set_count(&rank->cores);
}

static int workers_of_rank(const RankFacts *rank)
{
    return rank->workers;
}

static void print_hosts(const Survey *survey)
{
    enum { HOSTS_SHOWN = 8 };
    bool alone = survey->launcher == LAUNCHER_NONE;
    printf("%-10s %d, started %s%s\n", "ranks", survey->ranks, alone ? "" : "by ",
           launcher_name[survey->launcher]);
    int shown = 0;
    for (int r = 0; r < survey->ranks && shown <= HOSTS_SHOWN; r++) {
        if (!survey_leads(survey, r)) continue;
        const RankFacts *rank = &survey->rank[r];
        if (shown++ == HOSTS_SHOWN)
            printf("%-10s and %d more\n", "", survey->hosts - HOSTS_SHOWN);
        else
            printf("%-10s %s: ranks %d, cores %d, hardware threads %d\n", shown > 1 ? "" : "hosts",
                   rank->host, ranks_of_host(survey, survey->host[r]), rank->host_cores,
                   rank->host_cpus);
    }
    print_range("cores", survey, cores_of_rank, "per rank");
    print_range("workers", survey, workers_of_rank, "per rank");
}

static void print_parts(const Survey *survey)
{
    for (int p = 0; p < PARTS; p++) printf("%-10s %s\n", part_name[p], survey->rank[0].part[p]);
}

/* "9.2 to 9.4 Gbit/s, 31 us" of the links of a kind, the longest latency; nothing if there are none. */
static void print_links(const Survey *survey, const char *name, const char *what,
                        bool (*is_one)(const Survey *, int))
{
    double least = 0, most = 0, latency = 0;
    for (int r = 0; r < survey->ranks; r++) {
        const RankFacts *rank = &survey->rank[r];
        if (!is_one(survey, r)) continue;
        if (least == 0 || rank->link_bandwidth < least) least = rank->link_bandwidth;
        if (rank->link_bandwidth > most) most = rank->link_bandwidth;
        if (rank->link_latency > latency) latency = rank->link_latency;
    }
    if (least > 0)
        printf("%-10s %s: %.3g to %.3g Gbit/s, at most %.0f us\n", name, what, 8e-9 * least,
               8e-9 * most, 1e6 * latency);
}

static void print_network(const Survey *survey)
{
    char amount[AMOUNT_BYTES];
    double apart = 0;
    for (int r = 1; r < survey->ranks; r++)
        if (survey_leads(survey, r)) apart = fmax(apart, fabs(survey->rank[r].clock_ahead));
    print_links(survey, "links", "within a host", survey_link_is_local);
    print_links(survey, "links", "between hosts", survey_link_joins_hosts);
    if (survey->hosts > 1)
        printf("%-10s at most %s from that of %s\n", "clocks", print_seconds(apart, amount),
               survey->rank[0].host);
}

static void print_sizes(const Survey *survey)
{
    char a[AMOUNT_BYTES], b[AMOUNT_BYTES];
    if (survey->train_images)
        printf("%-10s %s: %llu training images, %llu validation images\n", "pack", survey->pack,
               (unsigned long long)survey->train_images, (unsigned long long)survey->val_images);
    if (survey->checkpoint_bytes)
        printf("%-10s %.2f million parameters, a checkpoint %s\n", "model",
               1e-6 * (double)survey->parameters, print_bytes(survey->checkpoint_bytes, a));
    if (survey->rank[0].memory_needed)
        printf("%-10s about %s per rank, %s available on its host\n", "memory",
               print_bytes(survey->rank[0].memory_needed, a),
               print_bytes(survey->rank[0].memory_host, b));
    if (survey->has_config && !survey->run_problem[0])
        printf("%-10s %s: %s free, a small file synced in %s\n", "run", survey->run,
               print_bytes(survey->free_bytes, a), print_seconds(survey->sync_seconds, b));
}

static void print_times(const Survey *survey)
{
    char a[AMOUNT_BYTES], b[AMOUNT_BYTES];
    if (survey->round_seconds > 0)
        printf("%-10s about %s, an epoch of %llu steps about %s\n", "step",
               print_seconds(survey->round_seconds * survey_rounds(survey), a),
               (unsigned long long)survey_steps(survey),
               print_seconds(survey_epoch_seconds(survey), b));
    if (survey->seconds_left >= 0)
        printf("%-10s %s left to this job\n", "time", print_seconds(survey->seconds_left, a));
}

void doctor_print(const Survey *survey, const Findings *findings)
{
    print_hosts(survey);
    print_parts(survey);
    print_network(survey);
    if (survey->has_config) print_sizes(survey);
    print_times(survey);
    for (int i = 0; i < findings->count; i++) {
        const Finding *finding = &findings->list[i];
        printf("%s: %s: %s\n", severity_name[finding->severity], finding->check, finding->text);
    }
    if (findings->problems == 0) puts("no problems found");
}

/* --- JSON --- */

static void add_hosts(Json *json, const Survey *survey)
{
    json_begin_array(json, "hosts");
    for (int r = 0; r < survey->ranks; r++) {
        if (!survey_leads(survey, r)) continue;
        json_begin(json, NULL);
        json_add_text(json, "name", survey->rank[r].host);
        json_add_integer(json, "ranks", ranks_of_host(survey, survey->host[r]));
        json_add_integer(json, "cores", survey->rank[r].host_cores);
        json_add_integer(json, "hardware_threads", survey->rank[r].host_cpus);
        json_add_real(json, "clock_ahead", survey->rank[r].clock_ahead);
        json_end(json);
    }
    json_end(json);
}

static void add_ranks(Json *json, const Survey *survey)
{
    json_begin_array(json, "ranks");
    for (int r = 0; r < survey->ranks; r++) {
        const RankFacts *rank = &survey->rank[r];
        char cpus[64];
        json_begin(json, NULL);
        json_add_text(json, "host", rank->host);
        json_add_text(json, "bound", cpu_set_print(&rank->cpus, cpus, sizeof cpus));
        json_add_integer(json, "cores", cpu_set_count(&rank->cores));
        json_add_integer(json, "workers", rank->workers);
        if (rank->link_bandwidth > 0) {
            json_add_real(json, "next_bandwidth", rank->link_bandwidth);
            json_add_real(json, "next_latency", rank->link_latency);
        }
        for (int p = 0; p < PARTS; p++) json_add_text(json, part_name[p], rank->part[p]);
        json_end(json);
    }
    json_end(json);
}

static void add_run(Json *json, const Survey *survey)
{
    json_add_text(json, "pack", survey->pack);
    json_add_text(json, "run", survey->run);
    json_add_integer(json, "training_images", (int64_t)survey->train_images);
    json_add_integer(json, "validation_images", (int64_t)survey->val_images);
    json_add_integer(json, "parameters", (int64_t)survey->parameters);
    json_add_integer(json, "checkpoint_bytes", (int64_t)survey->checkpoint_bytes);
    json_add_integer(json, "rank_bytes", (int64_t)survey->rank[0].memory_needed);
    json_add_integer(json, "free_bytes", (int64_t)survey->free_bytes);
    json_add_real(json, "sync_seconds", survey->sync_seconds);
    if (survey->round_seconds > 0) {
        json_add_real(json, "step_seconds", survey->round_seconds * survey_rounds(survey));
        json_add_real(json, "epoch_seconds", survey_epoch_seconds(survey));
    }
}

static void add_findings(Json *json, const Findings *findings)
{
    json_add_integer(json, "problems", findings->problems);
    json_begin_array(json, "findings");
    for (int i = 0; i < findings->count; i++) {
        json_begin(json, NULL);
        json_add_text(json, "check", findings->list[i].check);
        json_add_text(json, "severity", severity_name[findings->list[i].severity]);
        json_add_text(json, "text", findings->list[i].text);
        json_end(json);
    }
    json_end(json);
}

void doctor_print_json(const Survey *survey, const Findings *findings)
{
    Json *json = json_create();
    json_add_text(json, "launcher", launcher_name[survey->launcher]);
    add_hosts(json, survey);
    add_ranks(json, survey);
    if (survey->has_config) add_run(json, survey);
    if (survey->seconds_left >= 0) json_add_real(json, "seconds_left", survey->seconds_left);
    add_findings(json, findings);
    put_json(json);
}
