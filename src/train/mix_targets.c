/* Targets of mixed images: two labels, each weighted by its share. */
#include "train/mix_targets.h"

static Target share_of(Target target, double share)
{
    target.weight = (float)(share * (double)target.weight);
    return target;
}

void mix_targets(Target part[MIX_PARTS], Target own, Target partner, const Mix *mix, bool learns)
{
    bool mixed = mix && mix->share != 1;
    part[0] = own;
    part[1] = (Target){0};
    if (!mixed) return;
    part[0] = (Target){0};
    if (!learns) return;
    bool first = mix->share >= 0.5;
    part[!first] = share_of(own, mix->share);
    part[first] = share_of(partner, 1 - mix->share);
}
