/*
 * The configuration of a run: the file's settings, checked against the option tables of those who
 * own them, with every default filled in.
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "data/augment.h"
#include "data/mix.h"
#include "models/model.h"
#include "optim/ema.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "train/balancer.h"

#include <stdio.h>

enum { BATCH_MAX = 1 << 20 }; /* images per step */

typedef struct HeadConfig {
    char name[OPTION_TEXT_BYTES]; /* label group of the pack */
    double weight;                /* of its loss in the sum */
    bool mix;                     /* it learns from mixed images */
    int patience; /* validations without a better score after which it is frozen; 0: it never is */
    bool restore; /* then it goes back to its best weights, if they score better */
    /* Rules of data/flips.h for horizontal and vertical flips. */
    char flips[OPTION_TEXT_BYTES], flips_vertical[OPTION_TEXT_BYTES];
    HeadBody body;
    const HeadType *type; /* NULL: the usual one for the group's labels */
    void *options;        /* of the type */
} HeadConfig;

typedef struct Config {
    char pack[OPTION_NAMES_BYTES]; /* data/pack_names.h */
    char run[OPTION_TEXT_BYTES];
    int image; /* side of the input, pixels */
    int batch, lane, epochs;
    long seed;
    double clip_norm;     /* 0: off */
    double clip_adaptive; /* 0: off */
    char watch
        [OPTION_TEXT_BYTES]; /* what validations are judged by: joint, weighted, loss, a head */
    int stop_patience;       /* validations; 0: no early stopping */
    double stop_threshold;
    EmaOptions ema;
    int balance;                        /* BalanceKind of sampling */
    char balance_by[OPTION_TEXT_BYTES]; /* head; empty: all heads jointly */
    OptionInts progressive_sides;
    int progressive_epochs;        /* of each side */
    int unfreeze_epochs;           /* between two stages; 0: frozen ones stay so */
    int reduce;                    /* ReduceKind */
    int conv;                      /* ConvChoice */
    char stage[OPTION_TEXT_BYTES]; /* folder; empty: none */
    bool stage_remove;
    bool node_reduce;                /* an accumulator per node */
    int max_skipped;                 /* steps in a row */
    double max_bad;                  /* share of an epoch's images */
    double time_limit, hang_seconds; /* minutes; seconds; 0: none */
    int workers;                     /* 0: the cores that the rank may use */
    int log_every;                   /* steps */
    bool tensorboard;                /* event files, too */
    int checkpoint_every, checkpoint_keep, checkpoint_pareto;

    HeadConfig *heads; /* (head_count); none: config_default_heads fills them in */
    int head_count;
    AugmentOptions augment;
    MixOptions mix;

    const TrunkType *trunk;
    int trunk_kind; /* index into trunk->kinds */
    void *trunk_options;
    char
        weights[OPTION_TEXT_BYTES]; /* checkpoint or safetensors that training starts from, or "" */
    ModelTraining training;
    const OptimizerType *optimizer;
    void *optimizer_options; /* begins with OptimizerCommon */
    const ScheduleType *schedule;
    void *schedule_options; /* begins with ScheduleCommon */
    const BalancerType *balancer;
    void *balancer_options;
    bool interference; /* gradients on the features are watched whatever the balancer */
} Config;

/* Reads the file, then applies each "key=value" of `sets`, then takes what neither says about the
 * trunk and its preprocessing from trunk.weights, if that is given. All mistakes at once, each with
 * its place. Memory comes from `run`. */
bool config_load(Config *config, Arena *run, const char *path, const char *const *sets,
                 int set_count, Error *err);
/* The same from text, as config_print writes it; `name` stands for the file in messages. Heads without a kind are of
 * softmax, as all were before there were kinds. */
bool config_parse(Config *config, Arena *run, const char *text, const char *name, Error *err);
/* For a network from elsewhere, which was trained on no pack of ours: a trunk of `kind` with its
 * family's preprocessing, all else by default; then `sets`. */
bool config_for_kind(Config *config, Arena *run, const char *kind, const char *const *sets,
                     int set_count, Error *err);

/* Heads for a configuration that names none: one per label group, with weight 1, of the usual kinds. */
void config_default_heads(Config *config, Arena *run, const char *const *names, int count);

/* Gives the head a type, with its default options. */
void config_choose_head(HeadConfig *head, const HeadType *type, Arena *run);

/* Whether any head can finish before the run does. */
bool config_heads_finish(const Config *config);

/* Whether images are ever mixed. */
bool config_mixes(const Config *config);

/* The head with the name; -1: there is none. */
int config_find_head(const Config *config, const char *name);

/* The configuration with every default, as YAML that config_parse reads back to the same. */
char *config_print(const Config *config, Arena *run);

/* Adds the keys that shape the numbers, as "key=value" texts in a fixed order. */
void config_digest(const Config *config, Hasher *hasher);

/* Whether a run that began with `saved` may go on with `now`. Keys that shape the numbers must
 * agree: each that does not is an error with both values. Changes of epochs, learning rate and
 * schedule are only warned of. */
bool config_compatible(const Config *now, const Config *saved, Error *err);

/* Every key with type, default, range and meaning. */
void config_help(FILE *out);

/* A key that a configuration can have. */
typedef struct ConfigKey {
    const char *name; /* "optimizer.lr"; "heads[].weight" of every head; valid during the visit */
    const char *
        kind; /* of its section, that the key belongs to, with those named before it; NULL: to all */
    const Option *option; /* NULL: the key is the kind of a section, and `kind` one that there is */
} ConfigKey;

/* Calls visit for every key, and for every kind that a section can have. A name may come several times, once
 * for each table that has it. */
typedef void ConfigKeyVisitor(void *context, const ConfigKey *key);
void config_each_key(ConfigKeyVisitor *visit, void *context);
