/* Convolutions of the ResNets. */
#include "resnet_parts.h"

#include <math.h>

const char *const resnet_activations[] = {"relu", "silu", NULL};
const Activation resnet_activation_of[] = {ACTIVATION_RELU, ACTIVATION_SILU};

ConvNorm resnet_convolution(int out_channels, int kernel, int stride, const char *norm_name,
                            double fan)
{
    return (ConvNorm){.out_channels = out_channels,
                      .kernel = kernel,
                      .stride = stride,
                      .padding = kernel / 2,
                      .epsilon = 1e-5F,
                      .gain = 1,
                      .norm_name = norm_name,
                      .init = {INIT_NORMAL, sqrt(2.0 / fan)}};
}
