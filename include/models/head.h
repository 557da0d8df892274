/*
 * Heads: from the trunk's features to what is said about one label group. A kind of head is one file head_X.c
 * and one row in the table of head.c; what is special about it for training, evaluation, export and surgery
 * stands in its row.
 */
#pragma once

#include "base/option.h"
#include "data/pack.h"
#include "nn/graph.h"
#include "nn/run.h"

typedef struct HeadType HeadType;

enum { HEAD_POOL_TRUNK, HEAD_POOL_ATTENTION }; /* in the order of the configuration's choices */

/* What lies between the trunk and the outputs. */
typedef struct HeadBody {
    OptionInts hidden; /* widths of the layers before the last one, GELU behind each */
    double dropout;    /* before each layer */
    int pool; /* HEAD_POOL_…: the trunk's features, or the head's own attention over its last map */
} HeadBody;

extern const char *const head_pools[]; /* choices of HeadBody.pool */

/* What the training labels tell before the first step, and those of another split after the last one
 * (train/temperature.h); a checkpoint keeps it. */
typedef struct HeadFacts {
    const double *class_weight; /* (classes) of labels, or of positives; NULL: all 1 */
    double mean, deviation;     /* of values; 0 and 1 where they are not standardised */
    double temperature;         /* divides the logits of probabilities; 0: 1, as in all training */
} HeadFacts;

typedef struct HeadSpec {
    const char *name;
    int classes;                   /* 0: the labels are values */
    const HeadType *type;          /* NULL: softmax */
    const void *options;           /* of the type; NULL: its defaults */
    const HeadBody *body;          /* NULL: one linear layer */
    const char *const *class_name; /* (classes), in the order of the predictions; NULL: not known */
    HeadFacts facts;               /* a deviation of 0 stands for 1 */
} HeadSpec;

/* The labels of the training split. */
typedef struct TrainingLabels {
    const LabelGroup *group;
    const uint32_t *record; /* (records) */
    size_t records;
} TrainingLabels;

/* How predictions are compared with labels. */
typedef enum HeadMeasure {
    MEASURE_CLASS, /* the most probable class */
    MEASURE_RANK,  /* likewise of ordered classes (nn_ordinal_rank), and how far it is away */
    MEASURE_SET,   /* the classes above 1/2 */
    MEASURE_VALUE, /* how far the value is away */
    MEASURE_ANGLE, /* likewise, the shorter way round */
} HeadMeasure;

struct HeadType {
    const char *name; /* "softmax" */
    LabelKind label;  /* that it learns from */
    int least_classes;
    HeadMeasure measure;
    const Option *options;
    size_t options_bytes;
    bool exports_predictions; /* to ONNX; else the outputs */
    bool needs_facts;         /* cannot be trained without the facts of a training split */
    /* Mistakes that the table of options cannot find; NULL: there are none. */
    bool (*check)(const void *options, Error *err);
    /* Width of the last layer. */
    int (*outputs)(int classes);
    /* Adds the loss of head number `index` behind its outputs (N,outputs); returns the predictions:
     * probabilities (N,classes) or values (N,1). What it keeps of `facts` is read at each run. */
    Tensor *(*loss)(Graph *graph, Tensor *outputs, int index, const void *options,
                    const HeadFacts *facts);
    /* Terms of a label's loss: a batch's loss is the mean over them, by weight. */
    int (*terms)(int classes, int label);
    /* The facts of a training split; memory comes from `run`. NULL: there are none. */
    bool (*learn)(HeadFacts *facts, const void *options, const TrainingLabels *labels, Arena *run,
                  Error *err);
    /* The classes of a group in the order of the predictions: name (classes), which holds them in the
     * pack's. NULL: that is the order. */
    bool (*arrange)(const char **name, int classes, const void *options, Error *err);
    /* MEASURE_VALUE: the deviation; MEASURE_ANGLE: the full turn; NULL: 1. */
    double (*unit)(const void *options, const HeadFacts *facts);
};

const HeadType *head_find(const char *name); /* NULL: no such kind */
/* The usual kind for labels of a kind. */
const HeadType *head_for(LabelKind label);
/* The names of all kinds, NULL-terminated, in table order. */
const char *const *head_kinds(void);
