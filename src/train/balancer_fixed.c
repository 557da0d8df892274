/* The weights of the configuration. */
#include "balancer_given.h"

#include <string.h>

const Option balancer_no_options[] = {{.key = NULL}};

void balancer_weigh_as_given(Balancer *balancer)
{
    memcpy(balancer->factor, balancer->given, sizeof *balancer->factor * (size_t)balancer->heads);
}

const BalancerType balancer_fixed = {.name = "fixed",
                                     .options = balancer_no_options,
                                     .taps = TAPS_WATCH,
                                     .weigh = balancer_weigh_as_given};
