/* Weights as given; gradients on the features that conflict are projected (Yu et al. 2020), by the taps. */
#include "balancer_given.h"

const BalancerType balancer_pcgrad = {.name = "pcgrad",
                                      .options = balancer_no_options,
                                      .taps = TAPS_PROJECT,
                                      .weigh = balancer_weigh_as_given};
