/* The table of trunks. */
#include "models/trunk.h"

#include <string.h>

/* One row for each file trunk_X.c, which defines trunk_X. */
#define TRUNK_ROWS(ROW)                                                                            \
    ROW(trunk_convnext)                                                                            \
    ROW(trunk_resnet)                                                                              \
    ROW(trunk_resnet_cifar)                                                                        \
    ROW(trunk_vit)                                                                                 \
    ROW(trunk_mobilenet)

#define DECLARE(trunk) extern const TrunkType trunk;
TRUNK_ROWS(DECLARE)

#define ADDRESS(trunk) &trunk,
static const TrunkType *const trunks[] = {TRUNK_ROWS(ADDRESS)};

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
