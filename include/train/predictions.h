/*
 * What a network says of each record of a split: in the order of the records on rank 0, whoever has
 * computed it. A head for single classes leaves a few numbers of each record, one for sets all its
 * probabilities, one for values the value.
 */
#pragma once

#include "train/engine.h"
#include "train/score.h"

/* One head on one record. */
typedef struct Said {
    int32_t predicted;       /* class; -1 of sets and values */
    float probability;       /* of that class; of sets the largest one */
    float label_probability; /* of single classes; 0 where there is no label */
    double squares;          /* likewise: likelihood_squares */
} Said;

/* What is kept of a head for classes besides. */
typedef enum PredictionsKeep {
    PREDICTIONS_FIGURES, /* what its figures need: all probabilities of sets */
    PREDICTIONS_WHOLE,   /* all probabilities */
    PREDICTIONS_LOGITS   /* all outputs, without any temperature, in place of probabilities */
} PredictionsKeep;

typedef struct HeadPredictions {
    Said *said;    /* (count) */
    int width;     /* classes or outputs, 1 of values, or 0: not kept */
    float *vector; /* (count,width): probabilities or outputs, or the value */
} HeadPredictions;

typedef struct Predictions {
    const Engine *engine;
    const uint32_t *record; /* (records): of the split, in pack order */
    size_t records;         /* of the split */
    size_t begin, count;    /* what this rank holds of them: on rank 0 all */
    uint8_t *bad;           /* (count): could not be read */
    const ScoreHead *of;    /* (heads) */
    HeadPredictions *head;  /* (heads) */
    int heads;
    PredictionsKeep keep;
} Predictions;

/* Room for a split's predictions. Memory comes from `arena`, 4 bytes for each number kept, on rank 0 of all records. ERROR_SYSTEM if there is none; collective, all ranks
 * go on or fail together. */
bool predictions_create(Predictions *predictions, const Engine *engine, Split split,
                        PredictionsKeep keep, Arena *arena, Error *err);

/* Keeps image n of a lane as record number `at` of the split; output (heads). Thread-safe for different `at`. */
void predictions_set(Predictions *predictions, size_t at, const HeadOutput *output, int n,
                     bool bad);
/* Brings everything to rank 0. Collective. */
void predictions_gather(Predictions *predictions);

/* On rank 0: the target of a record of the split; of weight 0 where the label is missing or the image could not be
 * read. */
Target predictions_target(const Predictions *predictions, int head, size_t at);

/* Whether `path` ends as one of the formats does: .csv, .jsonl. */
bool predictions_check_path(const char *path, Error *err);
/* Writes a line per record (docs/formats.md); atomic. On rank 0. */
bool predictions_write(const Predictions *predictions, const char *path, Error *err);
