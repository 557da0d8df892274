/* Labels of training pictures that are turned over. */
#include "train/label_flips.h"

static const unsigned bit[2] = {FLIP_HORIZONTAL, FLIP_VERTICAL};

static bool is_forbidden(const LabelFlips *flips, int direction, size_t record)
{
    bool forbidden = false;
    for (int h = 0; h < flips->heads; h++) {
        int32_t label = flips->label[h][record];
        const int32_t *turned = flips->turned[direction][h];
        forbidden |= turned && label >= 0 && turned[label] == FLIP_FORBIDDEN;
    }
    return forbidden;
}

void label_flips_find(LabelFlips *flips, size_t records, Arena *run)
{
    if (!flips->turned[0] && !flips->turned[1]) return;
    flips->forbidden = arena_new(run, uint8_t, records + 1);
    for (int d = 0; d < 2; d++)
        for (size_t r = 0; flips->turned[d] && r < records; r++)
            if (is_forbidden(flips, d, r)) flips->forbidden[r] |= (uint8_t)bit[d];
}

int32_t label_flips_class(const LabelFlips *flips, int head, uint32_t record, uint64_t epoch)
{
    int32_t label = flips->label[head][record];
    if (label < 0 || !flips->forbidden || !flips->augment->enabled) return label;
    unsigned turns = augment_flips(flips->augment, (AugmentAddress){flips->seed, epoch, record},
                                   flips->forbidden[record]);
    for (int d = 0; d < 2; d++) {
        const int32_t *turned = flips->turned[d] ? flips->turned[d][head] : NULL;
        if (turned && (turns & bit[d]) && turned[label] >= 0) label = turned[label];
    }
    return label;
}
