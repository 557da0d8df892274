/* Links between hosts: one that is far slower than the others holds all ranks back, as each step waits for all. */
#include "checks.h"

#include <stdlib.h>

/* Of the median of the other links. */
static const double SLOW_SHARE = 1.0 / 3;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bandwidth of the links between hosts but for that of rank `own`; 0: there are no others. */
static double median_of_others(const Survey *survey, int own, double *room)
{
    int count = 0;
    for (int r = 0; r < survey->ranks; r++)
        if (r != own && survey_link_joins_hosts(survey, r))
            room[count++] = survey->rank[r].link_bandwidth;
    qsort(room, (size_t)count, sizeof *room, by_size);
    return count ? room[count / 2] : 0;
}

/* The host that all the chosen links have at one of their ends; -1: there is none, or both ends are. */
static int common_host(const Survey *survey, const bool *chosen)
{
    int common = -1, candidates = 0;
    for (int h = 0; h < survey->hosts; h++) {
        bool all = true;
        for (int r = 0; r < survey->ranks; r++)
            all &=
                !chosen[r] || survey->host[r] == h || survey->host[survey_link_end(survey, r)] == h;
        if (!all) continue;
        common = h;
        candidates++;
    }
    return candidates == 1 ? common : -1;
}

static const char *name_of_host(const Survey *survey, int host)
{
    int r = 0;
    while (survey->host[r] != host) r++;
    return survey->rank[r].host;
}

static const char *name_links(const Survey *survey, const bool *chosen, int slowest, int count,
                              Arena *arena)
{
    int host = count > 1 ? common_host(survey, chosen) : -1;
    if (host >= 0) return arena_printf(arena, "all links of %s", name_of_host(survey, host));
    return arena_printf(
        arena, "%s between %s and %s",
        count > 1 ? arena_printf(arena, "%d links, such as that", count) : "the link",
        survey->rank[slowest].host, survey->rank[survey_link_end(survey, slowest)].host);
}

void check_links(const Survey *survey, Findings *findings)
{
    bool *slow = arena_new(findings->arena, bool, survey->ranks);
    double *room = arena_new(findings->arena, double, survey->ranks), others = 0;
    int count = 0, slowest = -1;
    for (int r = 0; r < survey->ranks; r++) {
        if (!survey_link_joins_hosts(survey, r)) continue;
        double own = survey->rank[r].link_bandwidth, median = median_of_others(survey, r, room);
        slow[r] = own < SLOW_SHARE * median;
        count += slow[r];
        if (!slow[r] || (slowest >= 0 && own >= survey->rank[slowest].link_bandwidth)) continue;
        slowest = r;
        others = median;
    }
    if (count)
        finding_add(findings, ADVICE,
                    "%s: %.3g Gbit/s, where others carry %.3g; every step waits for it; look at "
                    "cable, switch port and other traffic, or leave the host out",
                    name_links(survey, slow, slowest, count, findings->arena),
                    8e-9 * survey->rank[slowest].link_bandwidth, 8e-9 * others);
}
