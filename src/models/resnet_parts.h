/* What the ResNets of He et al. for large and for small images have in common. */
#pragma once

#include "nn/ops.h"

extern const char *const resnet_activations[];  /* values of the option `activation` */
extern const Activation resnet_activation_of[]; /* in the same order */

/* Square kernel, same size but for the stride; Kaiming's normal initialisation over `fan`. */
ConvNorm resnet_convolution(int out_channels, int kernel, int stride, const char *norm_name,
                            double fan);

/* Rows of their option tables; `place`: offset of an int, of a double. */
#define RESNET_ACTIVATION(place)                                                                   \
    {                                                                                              \
        .key = "activation", .type = OPTION_CHOICE, .offset = (place), .fallback = "relu",         \
        .choices = resnet_activations, .help = "behind each norm"                                  \
    }
#define RESNET_DROP_PATH(place)                                                                    \
    {                                                                                              \
        .key = "drop_path", .type = OPTION_FLOAT, .added = true, .offset = (place),                \
        .fallback = "0", .low = 0, .high = 0.9,                                                    \
        .help = "probability that an image skips the last block; rises in a straight line from "   \
                "the first"                                                                        \
    }
