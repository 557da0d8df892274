/*
 * A model: one trunk, from images to features, and any number of heads, from features to
 * predictions for one label group each.
 */
#pragma once

#include "models/head.h"
#include "models/trunk.h"
#include "nn/ops.h"

/* What lr_decay goes by, in the order of the configuration's choices. */
enum { DECAY_BY_STAGE, DECAY_BY_BLOCK };

/* How the parts of a model learn. */
typedef struct ModelTraining {
    int freeze;       /* the trunk's first stages that are left as they are */
    bool freeze_norm; /* batch norms keep their running statistics and use them in training */
    bool recompute;   /* backward makes hidden layers and attention anew instead of keeping them */
    double lr_decay;  /* factor on the learning rate per stage from the trunk's last one down */
    int lr_decay_by;  /* DECAY_BY_…: or per block, from the heads down */
    double dropout;   /* of the features, before the heads */
    double heads_lr_scale; /* factor on the heads' learning rate */
    TapUse taps;           /* on the features, if several heads read them and the trunk learns */
    bool log_variances; /* each head has a learnt weight, the parameter heads.NAME.log_variance */
} ModelTraining;

typedef struct ModelSpec {
    const TrunkType *trunk;
    int kind; /* index into trunk->kinds */
    const void *trunk_options;
    const HeadSpec *head; /* (heads) */
    int heads;
    int image;                     /* side of the input, pixels */
    int lane;                      /* most images in a run */
    ConvChoice conv;               /* how convolutions are computed */
    bool only_evaluation;          /* never trained: no plan for it, and no advice */
    const ModelTraining *training; /* NULL: all learns alike */
} ModelSpec;

typedef struct ModelHead {
    const char *name;
    int classes;
    const HeadType *type;
    const void *options;
    HeadFacts facts;           /* read at each run; class_weight is the head's own */
    Tensor *logits;            /* (N,outputs): what the last layer gives */
    Tensor *prediction;        /* (N,classes) probabilities, or (N,1) values */
    const Param *log_variance; /* NULL: its loss has no learnt weight */
} ModelHead;

typedef struct Model {
    Graph *graph;
    Tensor *images;   /* (lane,image,image,3): to be filled before a run */
    Tensor *features; /* (lane,D) */
    ModelHead *head;  /* (heads) */
    int heads;
    int *tapped; /* (taps): heads that read the features through a tap, in order */
    int taps;    /* 0: none */
} Model;

/* Builds and plans the network; parameters are declared, not yet laid out (param_layout). Memory
 * comes from `run`. All mistakes at once. */
bool model_build(Model *model, const ModelSpec *spec, Arena *run, Error *err);

/* Takes over facts that come from elsewhere, such as a checkpoint, after the model was built. */
void model_set_facts(ModelHead *head, const HeadFacts *facts);
