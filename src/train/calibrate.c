/* Gathering outputs: an evaluation that keeps them. */
#include "train/calibrate.h"

#include "train/evaluate.h"

bool head_has_temperature(const HeadType *type)
{
    return type->label != LABEL_VALUE;
}

static HeadLogits logits_of(const Predictions *predictions, int h, Arena *arena)
{
    const ScoreHead *head = &predictions->of[h];
    Target *target = arena_new(arena, Target, predictions->records + 1);
    for (size_t i = 0; i < predictions->records; i++)
        target[i] = predictions_target(predictions, h, i);
    return (HeadLogits){.measure = head->type->measure,
                        .classes = head->classes,
                        .outputs = predictions->head[h].width,
                        .images = predictions->records,
                        .logits = predictions->head[h].vector,
                        .target = target};
}

bool calibrate_collect(HeadLogits *logits, size_t *bad, Engine *engine, Split split, Arena *arena,
                       Error *err)
{
    Predictions predictions;
    if (!predictions_create(&predictions, engine, split, PREDICTIONS_LOGITS, arena, err))
        return false;
    Evaluator *evaluator = evaluator_create(engine, arena);
    evaluator_keep(evaluator, &predictions);
    if (!evaluate(evaluator, split, "calibrating")) return false;
    *bad = 0;
    if (comm_rank(engine->comm) != 0) return true;
    for (size_t i = 0; i < predictions.records; i++) *bad += predictions.bad[i];
    for (int h = 0; h < predictions.heads; h++)
        logits[h] = head_has_temperature(predictions.of[h].type) ? logits_of(&predictions, h, arena)
                                                                 : (HeadLogits){0};
    return true;
}
