/* The survey: hosts, names of ranks, and what follows from the facts of all. */
#include "doctor/survey.h"

#include <stdio.h>
#include <string.h>

const char *const part_name[PARTS] = {
    [PART_PROGRAM] = "umbel",  [PART_KERNELS] = "kernels", [PART_BLAS] = "BLAS",
    [PART_CORE] = "BLAS core", [PART_JPEG] = "JPEG",       [PART_HDF5] = "HDF5",
    [PART_MPI] = "MPI",        [PART_LIBC] = "C library",
};

/* Share of a training lane's time that a validation lane takes: forward without backward. */
static const double VALIDATION_SHARE = 1.0 / 3;

void survey_find_hosts(Survey *survey, Arena *arena)
{
    survey->host = arena_new(arena, int, survey->ranks);
    survey->hosts = 0;
    for (int r = 0; r < survey->ranks; r++) {
        int same = 0;
        while (same < r && strcmp(survey->rank[same].host, survey->rank[r].host) != 0) same++;
        survey->host[r] = same < r ? survey->host[same] : survey->hosts++;
    }
}

bool survey_leads(const Survey *survey, int r)
{
    for (int other = 0; other < r; other++)
        if (survey->host[other] == survey->host[r]) return false;
    return true;
}

bool survey_link_exists(int r, int ranks)
{
    return ranks > 2 || (ranks == 2 && r == 0);
}

int survey_link_end(const Survey *survey, int r)
{
    return (r + 1) % survey->ranks;
}

static bool link_is(const Survey *survey, int r, bool local)
{
    return survey->rank[r].link_bandwidth > 0 &&
           (survey->host[r] == survey->host[survey_link_end(survey, r)]) == local;
}

bool survey_link_joins_hosts(const Survey *survey, int r)
{
    return link_is(survey, r, false);
}

bool survey_link_is_local(const Survey *survey, int r)
{
    return link_is(survey, r, true);
}

void survey_keep_reason(char reason[REASON_BYTES], const Error *err)
{
    snprintf(reason, REASON_BYTES, "%.*s", REASON_BYTES - 1, err->text);
    for (char *at = reason; (at = strchr(at, '\n'));) *at = ';';
}

/* " (node1)" or " (2 hosts)". */
static void name_hosts(const Survey *survey, const bool *chosen, char *text, size_t bytes)
{
    int first = -1, hosts = 0;
    for (int h = 0; h < survey->hosts; h++) {
        int found = -1;
        for (int r = 0; r < survey->ranks && found < 0; r++)
            if (chosen[r] && survey->host[r] == h) found = r;
        if (found < 0) continue;
        if (first < 0) first = found;
        hosts++;
    }
    if (hosts == 1)
        snprintf(text, bytes, " (%s)", survey->rank[first].host);
    else
        snprintf(text, bytes, " (%d hosts)", hosts);
}

const char *survey_name_ranks(const Survey *survey, const bool *chosen, Arena *arena)
{
    char numbers[48], hosts[96];
    int count = 0;
    for (int r = 0; r < survey->ranks; r++) count += chosen[r];
    name_hosts(survey, chosen, hosts, sizeof hosts);
    if (count == survey->ranks && count > 1)
        return arena_printf(arena, "all %d ranks%s", count, hosts);
    return arena_printf(arena, "rank%s %s%s", count == 1 ? "" : "s",
                        ranges_print(chosen, survey->ranks, numbers, sizeof numbers), hosts);
}

int survey_workers(const Survey *survey)
{
    int workers = 0;
    for (int r = 0; r < survey->ranks; r++) workers += survey->rank[r].workers;
    return workers;
}

int survey_rounds(const Survey *survey)
{
    int64_t lanes = survey->lane > 0 ? survey->batch / survey->lane : 0;
    int rounds = 1;
    for (int r = 0; r < survey->ranks; r++) {
        /* As the trainer deals them. */
        int64_t own = lanes * (r + 1) / survey->ranks - lanes * r / survey->ranks;
        int64_t workers = survey->rank[r].workers, needed = (own + workers - 1) / workers;
        if (needed > rounds) rounds = (int)needed;
    }
    return rounds;
}

uint64_t survey_steps(const Survey *survey)
{
    return survey->batch > 0 ? survey->train_images / (uint64_t)survey->batch : 0;
}

double survey_epoch_seconds(const Survey *survey)
{
    double training = (double)survey_steps(survey) * survey_rounds(survey) * survey->round_seconds;
    if (training == 0) return 0;
    double seats = (double)survey_workers(survey) * survey->lane;
    return training + (double)survey->val_images / seats * survey->round_seconds * VALIDATION_SHARE;
}
