/* Parsing "100Gbit,20us". */
#include "bench/network_parse.h"

#include <stdlib.h>
#include <string.h>

static const double LATENCY = 20e-6;

typedef struct Unit {
    const char *name;
    double factor;
} Unit;

static const Unit bandwidth_units[] = {{"Gbit", 1e9 / 8}, {"Mbit", 1e6 / 8}, {NULL, 0}};
static const Unit time_units[] = {{"us", 1e-6}, {"ms", 1e-3}, {NULL, 0}};

/* A positive number with a unit; moves `at` behind it. */
static bool take(const char **at, const Unit *unit, double *value)
{
    char *end;
    double number = strtod(*at, &end);
    if (end == *at || !(number > 0) || number > 1e9) return false;
    for (; unit->name; unit++) {
        size_t length = strlen(unit->name);
        if (strncmp(end, unit->name, length) != 0) continue;
        *value = number * unit->factor;
        *at = end + length;
        return true;
    }
    return false;
}

bool network_parse(Network *network, const char *text, Error *err)
{
    const char *at = text;
    network->latency = LATENCY;
    bool ok = take(&at, bandwidth_units, &network->bandwidth);
    if (ok && *at == ',') {
        at++;
        ok = take(&at, time_units, &network->latency);
    }
    if (ok && !*at) return true;
    return error_set(
        err, ERROR_USAGE,
        "--network: must be a bandwidth in Gbit or Mbit and, if you like, a latency in "
        "us or ms, such as 100Gbit or 10Gbit,30us, not \"%s\"",
        text);
}
