/* Labels of training pictures that are turned over. */
#include "train/label_flips.h"

#include "train/head_labels.h"

static const unsigned bit[2] = {FLIP_HORIZONTAL, FLIP_VERTICAL};

static const int32_t *rules_of(const LabelFlips *flips, int direction, int head)
{
    return flips->turned[direction] ? flips->turned[direction][head] : NULL;
}

/* Whether a label of this group forbids the flip whatever it is. Values have one rule for all. */
static bool forbids_all(const int32_t *turned, const LabelGroup *labels)
{
    for (int k = 0; k < labels->classes; k++)
        if (turned[k] != FLIP_FORBIDDEN) return false;
    return labels->classes > 0 || turned[0] == FLIP_FORBIDDEN;
}

static bool forbids(const int32_t *turned, const LabelGroup *labels, size_t record)
{
    bool forbidden = false;
    int classes;
    const int32_t *class = label_classes(labels, record, &classes);
    if (!label_is_known(labels, record)) return false;
    if (classes == 0) return forbids_all(turned, labels);
    for (int j = 0; j < classes; j++) forbidden |= turned[class[j]] == FLIP_FORBIDDEN;
    return forbidden;
}

static bool is_forbidden(const LabelFlips *flips, int direction, size_t record)
{
    bool forbidden = false;
    for (int h = 0; h < flips->heads; h++) {
        const int32_t *turned = rules_of(flips, direction, h);
        forbidden |= turned && forbids(turned, &flips->labels[h], record);
    }
    return forbidden;
}

/* What becomes of a class. Where it forbids a flip, its pictures do not have that flip. */
static int turn_class(const LabelFlips *flips, int head, unsigned turns, int class)
{
    for (int d = 0; d < 2; d++) {
        const int32_t *turned = rules_of(flips, d, head);
        if (turned && (turns & bit[d]) && turned[class] >= 0) class = turned[class];
    }
    return class;
}

static LabelGroup turn_labels(const LabelFlips *flips, int head, unsigned turns, size_t records,
                              Arena *run)
{
    const LabelGroup *labels = &flips->labels[head];
    bool ruled = ((turns & bit[0]) && rules_of(flips, 0, head)) ||
                 ((turns & bit[1]) && rules_of(flips, 1, head));
    if (!ruled) return *labels;
    int *class_of = arena_new(run, int, labels->classes + 1);
    for (int k = 0; k < labels->classes; k++) class_of[k] = turn_class(flips, head, turns, k);
    return head_labels_renumber(labels, class_of, records, run);
}

void label_flips_find(LabelFlips *flips, size_t records, Arena *run)
{
    if (!flips->turned[0] && !flips->turned[1]) return;
    flips->forbidden = arena_new(run, uint8_t, records + 1);
    for (int d = 0; d < 2; d++)
        for (size_t r = 0; flips->turned[d] && r < records; r++)
            if (is_forbidden(flips, d, r)) flips->forbidden[r] |= (uint8_t)bit[d];
    flips->view = arena_alloc(run, sizeof *flips->view * (size_t)(flips->heads + 1));
    for (int h = 0; h < flips->heads; h++)
        for (unsigned turns = 0; turns < LABEL_VIEWS; turns++)
            flips->view[h][turns] = turn_labels(flips, h, turns, records, run);
}

const LabelGroup *label_flips_group(const LabelFlips *flips, int head, uint32_t record,
                                    uint64_t epoch)
{
    if (!flips->forbidden || !flips->augment->enabled) return &flips->labels[head];
    unsigned turns = augment_flips(flips->augment, (AugmentAddress){flips->seed, epoch, record},
                                   flips->forbidden[record]);
    return &flips->view[head][turns];
}
