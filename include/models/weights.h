/* Numbers of one parameter between our layout and a foreign one (models/naming.h). */
#pragma once

#include "models/naming.h"

#include <stdbool.h>

/* Part `part` of a foreign tensor, in foreign->shape, into its place in ours (shape), and back. */
void weights_from_foreign(float *ours, Shape shape, const ForeignTensor *foreign, int part,
                          const float *theirs);
void weights_to_foreign(float *theirs, const ForeignTensor *foreign, int part, const float *ours,
                        Shape shape);

/* Learnt places of one class token and a square of patches (tokens,D) for a square of another size,
 * as timm does it: bicubic, antialiased. False: tokens - 1 is no square. */
bool weights_resample_places(float *out, int out_tokens, const float *in, int in_tokens, int D);
