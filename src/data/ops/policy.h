/* The 14 changes that RandAugment and TrivialAugment choose from. Private to data. */
#pragma once

#include "augmentation.h"

/* In torchvision's names: identity, shear x/y, translate x/y, rotate, brightness, color, contrast, sharpness,
 * posterize, solarize, autocontrast, equalize. Which of them is how strong differs: */
typedef enum PolicySpace { POLICY_RAND, POLICY_TRIVIAL, POLICY_SPACES } PolicySpace;

enum { POLICY_CHANGES = 14, POLICY_LEVELS = 31 };

/* Change `change` at level 0 … 30, in the other direction if `negative` and it has one. */
void policy_apply(Frame *frame, PolicySpace space, int change, int level, bool negative);
