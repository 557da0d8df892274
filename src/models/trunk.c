/* The table of trunks. */
#include "models/trunk.h"

#include <string.h>

extern const TrunkType trunk_convnext, trunk_resnet, trunk_resnet_cifar, trunk_vit, trunk_mobilenet;

static const TrunkType *const trunks[] = {&trunk_convnext, &trunk_resnet, &trunk_resnet_cifar,
                                          &trunk_vit, &trunk_mobilenet};

enum { TRUNKS = sizeof trunks / sizeof *trunks, KINDS_MAX = 128 };

const TrunkType *trunk_find(const char *kind, int *index)
{
    for (int t = 0; t < TRUNKS; t++)
        for (int k = 0; trunks[t]->kinds[k]; k++)
            if (strcmp(trunks[t]->kinds[k], kind) == 0) {
                *index = k;
                return trunks[t];
            }
    return NULL;
}

const char *const *trunk_kinds(void)
{
    static const char *kinds[KINDS_MAX + 1];
    int count = 0;
    for (int t = 0; t < TRUNKS; t++)
        for (int k = 0; trunks[t]->kinds[k] && count < KINDS_MAX; k++)
            kinds[count++] = trunks[t]->kinds[k];
    return kinds;
}
