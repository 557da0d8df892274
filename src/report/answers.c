/* Answers for a split. */
#include "report/answers.h"

#include "nn/ops.h"
#include "train/evaluate.h"

#include <math.h>
#include <stdio.h>

static HeadAnswers answers_of(const Predictions *predictions, const Engine *engine, int h,
                              Arena *arena)
{
    const ScoreHead *of = &predictions->of[h];
    Target *target = arena_new(arena, Target, predictions->records + 1);
    for (size_t i = 0; i < predictions->records; i++)
        target[i] = predictions_target(predictions, h, i);
    return (HeadAnswers){.name = of->name,
                         .type = of->type,
                         .labels = &engine->labels[h],
                         .width = predictions->head[h].width,
                         .unit = of->unit,
                         .said = predictions->head[h].said,
                         .prediction = predictions->head[h].vector,
                         .target = target};
}

bool answers_collect(Answers *answers, Engine *engine, Split split, Arena *arena, Error *err)
{
    Predictions predictions;
    if (!predictions_create(&predictions, engine, split, PREDICTIONS_WHOLE, arena, err))
        return false;
    Evaluator *evaluator = evaluator_create(engine, arena);
    evaluator_keep(evaluator, &predictions);
    if (!evaluate(evaluator, split, "answering"))
        return error_set(err, ERROR_SYSTEM, "stopped before all images had been looked at");
    *answers = (Answers){.record = predictions.record,
                         .count = predictions.records,
                         .bad = predictions.bad,
                         .heads = predictions.heads,
                         .head = arena_new(arena, HeadAnswers, predictions.heads + 1)};
    for (int h = 0; h < answers->heads; h++)
        answers->head[h] = answers_of(&predictions, engine, h, arena);
    return true;
}

/* --- one image --- */

static const float *prediction_of(const HeadAnswers *head, size_t image)
{
    return head->prediction + image * (size_t)head->width;
}

static bool holds(const Target *target, int class)
{
    for (int m = 0; m < target->members; m++)
        if (target->member[m] == class) return true;
    return false;
}

static Judgement judge_class(const HeadAnswers *head, size_t image)
{
    int said = head->said[image].predicted, right = head->target[image].label;
    double confidence = (double)head->said[image].probability;
    int away = said > right ? said - right : right - said;
    bool is_rank = head->type->measure == MEASURE_RANK;
    return (Judgement){true, said != right, confidence, is_rank ? away + confidence : confidence};
}

static Judgement judge_set(const HeadAnswers *head, size_t image)
{
    const float *probability = prediction_of(head, image);
    double worst = 0;
    for (int k = 0; k < head->width; k++) {
        double share = (double)probability[k];
        double wrong = holds(&head->target[image], k) ? 1 - share : share;
        if (wrong > worst) worst = wrong;
    }
    return (Judgement){true, worst > 0.5, worst, worst};
}

static Judgement judge_value(const HeadAnswers *head, size_t image)
{
    double said = (double)*prediction_of(head, image), right = head->target[image].value;
    double error = head->type->measure == MEASURE_ANGLE ? nn_angle_distance(said, right, head->unit)
                                                        : fabs(said - right);
    return (Judgement){true, true, 0, error};
}

Judgement answers_judge(const Answers *answers, int head, size_t image)
{
    const HeadAnswers *of = &answers->head[head];
    if (answers->bad[image] || of->target[image].weight == 0) return (Judgement){0};
    switch (of->type->measure) {
    case MEASURE_CLASS:
    case MEASURE_RANK:
        return judge_class(of, image);
    case MEASURE_SET:
        return judge_set(of, image);
    default:
        return judge_value(of, image);
    }
}

/* --- as text --- */

static void print_set(const HeadAnswers *head, size_t image, bool label, char *text, size_t bytes)
{
    size_t used = 0;
    snprintf(text, bytes, "none");
    for (int k = 0; k < head->width && used < bytes; k++) {
        bool is_in =
            label ? holds(&head->target[image], k) : score_holds(prediction_of(head, image)[k]);
        if (!is_in) continue;
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? "; " : "",
                                 head->labels->class_name[k]);
    }
}

void answers_print(const HeadAnswers *head, size_t image, char *text, size_t bytes)
{
    HeadMeasure measure = head->type->measure;
    if (measure == MEASURE_SET)
        print_set(head, image, false, text, bytes);
    else if (measure == MEASURE_CLASS || measure == MEASURE_RANK)
        snprintf(text, bytes, "%s", head->labels->class_name[head->said[image].predicted]);
    else
        snprintf(text, bytes, "%.4g", (double)*prediction_of(head, image));
}

void answers_print_label(const HeadAnswers *head, size_t image, char *text, size_t bytes)
{
    HeadMeasure measure = head->type->measure;
    const Target *target = &head->target[image];
    if (target->weight == 0)
        snprintf(text, bytes, "no label");
    else if (measure == MEASURE_SET)
        print_set(head, image, true, text, bytes);
    else if (measure == MEASURE_CLASS || measure == MEASURE_RANK)
        snprintf(text, bytes, "%s", head->labels->class_name[target->label]);
    else
        snprintf(text, bytes, "%.4g", target->value);
}
