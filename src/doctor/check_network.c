/*
 * Interfaces. Between hosts, Open MPI's TCP uses every interface that is up, unless
 * btl_tcp_if_include or btl_tcp_if_exclude say otherwise. A bridge of containers or virtual machines
 * has the same network on every host and leads nowhere: a job that tries it hangs.
 */
#include "checks.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_virtual(const char *name)
{
    static const char *const prefixes[] = {"docker", "virbr",  "br-", "veth", "lxcbr",
                                           "lxdbr",  "podman", "cni", "cali", "flannel",
                                           "vmnet",  "vnet",   "tun", "tap",  "incusbr"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return false;
}

/* "10.1.0.0/16" holds the interface's network. */
static bool holds_network(const char *text, const Interface *interface)
{
    char address[INET_ADDRSTRLEN], *end;
    struct in_addr parsed;
    size_t length = strcspn(text, "/");
    if (text[length] != '/' || length >= sizeof address) return false;
    snprintf(address, sizeof address, "%.*s", (int)length, text);
    unsigned long bits = strtoul(text + length + 1, &end, 10);
    if (inet_pton(AF_INET, address, &parsed) != 1 || *end || bits > 32) return false;
    uint32_t mask = bits ? ~(uint32_t)0 << (32 - bits) : 0;
    return (interface->network & mask) == (ntohl(parsed.s_addr) & mask);
}

/* Whether a list of names and networks, separated by commas, holds the interface. */
static bool list_holds(const char *list, const Interface *interface)
{
    char copy[SETTING_TEXT_BYTES], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", list);
    for (char *word = strtok_r(copy, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest))
        if (strcmp(word, interface->name) == 0 || holds_network(word, interface)) return true;
    return false;
}

static bool is_used(const Survey *survey, const Interface *interface)
{
    if (survey->tcp_include[0]) return list_holds(survey->tcp_include, interface);
    return !list_holds(survey->tcp_exclude, interface);
}

/* An exclusion replaces the built-in one, which holds the loopback. */
static void check_loopback(const Survey *survey, Findings *findings)
{
    const Interface loopback = {.name = "lo", .network = 127u << 24, .netmask = 255u << 24};
    if (survey->tcp_include[0] || !survey->tcp_exclude[0]) return;
    if (list_holds(survey->tcp_exclude, &loopback)) return;
    finding_add(findings, PROBLEM,
                "btl_tcp_if_exclude=%s no longer excludes the loopback, which leads to no other "
                "host; start with --mca btl_tcp_if_exclude lo,%s",
                survey->tcp_exclude, survey->tcp_exclude);
}

static void report_virtual(const Survey *survey, const Interface *interface, int holder,
                           Findings *findings)
{
    const char *real = NULL;
    for (int i = 0; i < survey->rank[holder].interfaces && !real; i++)
        if (!is_virtual(survey->rank[holder].interface[i].name))
            real = survey->rank[holder].interface[i].name;
    finding_add(findings, PROBLEM,
                "%s (%s on %s) leads to no other host, but Open MPI may send through it and hang; "
                "start with --mca btl_tcp_if_include %s --mca oob_tcp_if_include %s",
                interface->name, interface->address, survey->rank[holder].host,
                real ? real : "NETWORK/BITS", real ? real : "NETWORK/BITS");
}

void check_interfaces(const Survey *survey, Findings *findings)
{
    if (survey->hosts < 2 || !survey->is_open_mpi || survey->rank[0].has_fast_network) return;
    check_loopback(survey, findings);
    const RankFacts *rank = &survey->rank[0];
    char names[160] = "";
    int real = 0;
    for (int r = 0; r < survey->ranks; r++) {
        if (!survey_leads(survey, r)) continue;
        for (int i = 0; i < survey->rank[r].interfaces; i++) {
            const Interface *interface = &survey->rank[r].interface[i];
            if (!is_virtual(interface->name) || !is_used(survey, interface)) continue;
            report_virtual(survey, interface, r, findings);
            return;
        }
    }
    for (int i = 0; i < rank->interfaces; i++) {
        const Interface *interface = &rank->interface[i];
        if (!is_used(survey, interface)) continue;
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", real ? ", " : "", interface->name);
        real++;
    }
    if (real > 1)
        finding_add(findings, ADVICE,
                    "Open MPI spreads its messages over %d interfaces (%s); if one is slow, choose "
                    "with --mca btl_tcp_if_include %s",
                    real, names, rank->interface[0].name);
}
