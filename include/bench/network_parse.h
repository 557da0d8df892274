/* A network as people write it. */
#pragma once

#include "base/error.h"
#include "bench/step_model.h"

/* "100Gbit", "10Gbit,30us", "1000Mbit,1ms": bandwidth of a node, and the latency of a message (default:
 * 20 us, as TCP between hosts of one switch). False if it is anything else (ERROR_USAGE). */
bool network_parse(Network *network, const char *text, Error *err);
