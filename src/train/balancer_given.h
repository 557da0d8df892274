/* What kinds that leave the weights as they are given have in common. Private to train. */
#pragma once

#include "train/balancer.h"

extern const Option balancer_no_options[];

void balancer_weigh_as_given(Balancer *balancer);
