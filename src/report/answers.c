/* Answers for a split. */
#include "report/answers.h"

#include "base/progress.h"
#include "nn/ops.h"
#include "train/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Collection {
    Engine *engine;
    Answers *answers;
    atomic_size_t next; /* image, the first of a lane */
    Progress progress;
} Collection;

static void collect_lane(Collection *collection, LaneWorker *worker, size_t begin, size_t count)
{
    Answers *answers = collection->answers;
    const Model *model = &collection->engine->model;
    memcpy(worker->record, answers->record + begin, sizeof(uint32_t) * count);
    engine_load(collection->engine, worker, (int)count, false, 0);
    worker->run.poll = NULL;
    graph_forward(&worker->run);
    memcpy(answers->bad + begin, worker->bad, sizeof(bool) * count);
    for (int h = 0; h < answers->heads; h++) {
        HeadAnswers *head = &answers->head[h];
        size_t width = (size_t)head->width;
        memcpy(head->prediction + begin * width, run_value(&worker->run, model->head[h].prediction),
               sizeof(float) * width * count);
        memcpy(head->target + begin, worker->target[h], sizeof(Target) * count);
    }
}

static void collect_some(void *context, int index)
{
    Collection *collection = context;
    size_t lane = (size_t)collection->engine->lane, begin;
    size_t all = collection->answers->count;
    while ((begin = atomic_fetch_add(&collection->next, lane)) < all) {
        size_t count = all - begin < lane ? all - begin : lane;
        collect_lane(collection, &collection->engine->worker[index], begin, count);
        if (index == 0) progress_set(&collection->progress, begin + count);
    }
}

Answers answers_collect(Engine *engine, Split split, Arena *arena)
{
    const Model *model = &engine->model;
    Answers answers = {.heads = model->heads};
    answers.record = pack_split(engine->pack, split, &answers.count);
    answers.bad = arena_new(arena, bool, answers.count + 1);
    answers.head = arena_new(arena, HeadAnswers, model->heads + 1);
    for (int h = 0; h < model->heads; h++) {
        const ModelHead *of = &model->head[h];
        int width = of->classes ? of->classes : 1;
        answers.head[h] =
            (HeadAnswers){.name = of->name,
                          .type = of->type,
                          .labels = &engine->labels[h],
                          .width = width,
                          .unit = score_head_of(of).unit,
                          .prediction = arena_new(arena, float, answers.count *(size_t)width + 1),
                          .target = arena_new(arena, Target, answers.count + 1)};
    }
    Collection collection = {.engine = engine, .answers = &answers};
    progress_start(&collection.progress, "answering", "images", answers.count, 0);
    pool_run(engine->pool, collect_some, &collection);
    progress_hide(&collection.progress);
    return answers;
}

/* --- one image --- */

static const float *prediction_of(const HeadAnswers *head, size_t image)
{
    return head->prediction + image * (size_t)head->width;
}

int answers_class(const HeadAnswers *head, size_t image)
{
    const float *probability = prediction_of(head, image);
    if (head->type->measure == MEASURE_RANK) return nn_ordinal_rank(probability, head->width);
    int best = 0;
    for (int k = 1; k < head->width; k++)
        if (probability[k] > probability[best]) best = k;
    return best;
}

static bool holds(const Target *target, int class)
{
    for (int m = 0; m < target->members; m++)
        if (target->member[m] == class) return true;
    return false;
}

static Judgement judge_class(const HeadAnswers *head, size_t image)
{
    int said = answers_class(head, image), right = head->target[image].label;
    double confidence = (double)prediction_of(head, image)[said];
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
        bool is_in = label ? holds(&head->target[image], k) : prediction_of(head, image)[k] > 0.5F;
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
        snprintf(text, bytes, "%s", head->labels->class_name[answers_class(head, image)]);
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
