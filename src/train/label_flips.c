/* Labels of training pictures that are turned over. */
#include "train/label_flips.h"

#include "train/head_labels.h"

static const unsigned bit[2] = {FLIP_HORIZONTAL, FLIP_VERTICAL};

/* NULL: the head has none. */
static const FlipRule *rule_of(const LabelFlips *flips, int direction, int head)
{
    const FlipRule *rules = flips->rules[direction];
    return rules && rules[head].becomes ? &rules[head] : NULL;
}

/* Whether a label of this group forbids the flip whatever it is. Values have one rule for all. */
static bool forbids_all(const FlipRule *rule, const LabelGroup *labels)
{
    for (int k = 0; k < labels->classes; k++)
        if (rule->becomes[k] != FLIP_FORBIDDEN) return false;
    return labels->classes > 0 || rule->becomes[0] == FLIP_FORBIDDEN;
}

static bool forbids(const FlipRule *rule, const LabelGroup *labels, size_t record)
{
    bool forbidden = false;
    int classes;
    const int32_t *class = label_classes(labels, record, &classes);
    if (!label_is_known(labels, record)) return false;
    if (classes == 0) return forbids_all(rule, labels);
    for (int j = 0; j < classes; j++) forbidden |= rule->becomes[class[j]] == FLIP_FORBIDDEN;
    return forbidden;
}

static bool is_forbidden(const LabelFlips *flips, int direction, size_t record)
{
    bool forbidden = false;
    for (int h = 0; h < flips->heads; h++) {
        const FlipRule *rule = rule_of(flips, direction, h);
        forbidden |= rule && forbids(rule, &flips->labels[h], record);
    }
    return forbidden;
}

/* What becomes of a class. Where it forbids a flip, its pictures do not have that flip. */
static int turn_class(const LabelFlips *flips, int head, unsigned turns, int class)
{
    for (int d = 0; d < 2; d++) {
        const FlipRule *rule = rule_of(flips, d, head);
        if (rule && (turns & bit[d]) && rule->becomes[class] >= 0) class = rule->becomes[class];
    }
    return class;
}

static double turn_value(const LabelFlips *flips, int head, unsigned turns, double value)
{
    for (int d = 0; d < 2; d++) {
        const FlipRule *rule = rule_of(flips, d, head);
        if (rule && (turns & bit[d])) value = flips_value(rule, value);
    }
    return value;
}

static const double *turn_values(const LabelFlips *flips, int head, unsigned turns, size_t records,
                                 Arena *run)
{
    double *value = arena_new(run, double, records + 1);
    for (size_t r = 0; r < records; r++)
        value[r] = turn_value(flips, head, turns, flips->labels[head].value[r]);
    return value;
}

/* Whether these turns change any label of the head. */
static bool changes_labels(const LabelFlips *flips, int head, unsigned turns)
{
    bool changes = false;
    for (int d = 0; d < 2; d++) {
        const FlipRule *rule = rule_of(flips, d, head);
        changes |=
            rule && (turns & bit[d]) && (rule->mirrored || flips->labels[head].kind != LABEL_VALUE);
    }
    return changes;
}

static LabelGroup turn_labels(const LabelFlips *flips, int head, unsigned turns, size_t records,
                              Arena *run)
{
    const LabelGroup *labels = &flips->labels[head];
    LabelGroup turned = *labels;
    if (!changes_labels(flips, head, turns)) return turned;
    if (labels->kind == LABEL_VALUE) {
        turned.value = turn_values(flips, head, turns, records, run);
        return turned;
    }
    int *class_of = arena_new(run, int, labels->classes + 1);
    for (int k = 0; k < labels->classes; k++) class_of[k] = turn_class(flips, head, turns, k);
    return head_labels_renumber(labels, class_of, records, run);
}

void label_flips_find(LabelFlips *flips, size_t records, Arena *run)
{
    if (!flips->rules[0] && !flips->rules[1]) return;
    flips->forbidden = arena_new(run, uint8_t, records + 1);
    for (int d = 0; d < 2; d++)
        for (size_t r = 0; flips->rules[d] && r < records; r++)
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
