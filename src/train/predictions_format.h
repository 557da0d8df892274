/* Formats of files of predictions; private to train. */
#pragma once

#include "train/predictions.h"

#include <stdio.h>

typedef struct PredictionFormat {
    const char *suffix;
    void (*begin)(FILE *file, const Predictions *predictions);
    /* The line of one record. Errors of the file are found when it is closed. */
    void (*record)(FILE *file, const Predictions *predictions, size_t at);
} PredictionFormat;

extern const PredictionFormat prediction_csv, prediction_jsonl;

/* One head on one record, as both formats tell it. */
typedef struct Answer {
    const LabelGroup *labels;
    const ScoreHead *head;
    uint32_t record;   /* of the pack */
    bool labelled;     /* whether the image could be read or not */
    const Said *said;  /* NULL: the image could not be read */
    const float *kept; /* (classes) or the value; NULL likewise, or not kept */
} Answer;
Answer prediction_answer(const Predictions *predictions, int head, size_t at);

/* Whether the answer gives a probability for each class. */
bool prediction_is_whole(const Predictions *predictions, int head);

/* The fewest digits that give the number back; "nan" of one that is none. */
enum { NUMBER_BYTES = 32 };
void prediction_print_label(char text[NUMBER_BYTES], double value);
void prediction_print_float(char text[NUMBER_BYTES], float value);
