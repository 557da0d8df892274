/* What a model says of each image of a split. */
#pragma once

#include "train/predictions.h"

typedef struct HeadAnswers {
    const char *name;
    const HeadType *type;
    const LabelGroup *labels; /* names of the classes */
    int width;                /* classes, or 1 of values */
    double unit;              /* full turn of angles */
    const Said *said;         /* (count) */
    const float *prediction;  /* (count,width): probabilities, or the value */
    Target *target;           /* (count): of weight 0 where missing */
} HeadAnswers;

typedef struct Answers {
    const uint32_t *record; /* (count), in pack order */
    size_t count;
    const uint8_t *bad; /* (count): cannot be read */
    HeadAnswers *head;
    int heads;
} Answers;

/* Evaluates the split, on one rank. Memory comes from `arena`. ERROR_SYSTEM if there is none, or if a stop is
 * requested. */
bool answers_collect(Answers *answers, Engine *engine, Split split, Arena *arena, Error *err);

/* How one head fares with one image. */
typedef struct Judgement {
    bool labelled;
    bool wrong;        /* a value: always */
    double confidence; /* probability of what was said; of a set, of what is most wrong */
    double badness;    /* by which mistakes are sorted, in the unit that the head has */
} Judgement;
Judgement answers_judge(const Answers *answers, int head, size_t image);

/* What the head says and what is right, for people: "bolt", "rusty; bent", "12.5". */
void answers_print(const HeadAnswers *head, size_t image, char *text, size_t bytes);
void answers_print_label(const HeadAnswers *head, size_t image, char *text, size_t bytes);
