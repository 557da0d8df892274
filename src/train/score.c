/*
 * Scores. Counts per head: labelled, correct, correct among the best five, loss in units of 2^-32,
 * then per class: hits, predictions, labels. Behind the heads: images, bad images, joint labelled,
 * joint correct.
 */
#include "train/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABELLED, CORRECT, TOP5, LOSS, HEAD_COUNTS };
enum { IMAGES, BAD, JOINT_LABELLED, JOINT_CORRECT, COMMON_COUNTS };

static const double LOSS_UNIT = 0x1p-32;

static size_t head_size(int classes)
{
    return HEAD_COUNTS + 3 * (size_t)classes;
}

static int64_t *head_counts(const Score *score, int head)
{
    int64_t *count = score->count;
    for (int h = 0; h < head; h++) count += head_size(score->classes[h]);
    return count;
}

static int64_t *common_counts(const Score *score)
{
    return score->count + score->counts - COMMON_COUNTS;
}

Score score_create(int heads, const int *classes, const char *const *name, Arena *arena)
{
    Score score = {.heads = heads, .classes = classes, .name = name, .counts = COMMON_COUNTS};
    for (int h = 0; h < heads; h++) score.counts += head_size(classes[h]);
    score.count = arena_new(arena, int64_t, score.counts);
    return score;
}

void score_clear(Score *score)
{
    memset(score->count, 0, sizeof(int64_t) * score->counts);
}

void score_add(Score *score, const Score *other)
{
    for (size_t i = 0; i < score->counts; i++) score->count[i] += other->count[i];
}

static int best_class(const float *scores, int classes)
{
    int best = 0;
    for (int k = 1; k < classes; k++)
        if (scores[k] > scores[best]) best = k;
    return best;
}

/* How many classes rank before `label`; written so that a label whose score is NaN comes last. */
static int classes_before(const float *scores, int classes, int label)
{
    int before = 0;
    for (int k = 0; k < classes; k++)
        before +=
            k != label && !(scores[k] < scores[label] || (scores[k] == scores[label] && k > label));
    return before;
}

/* Adds one head's image; true if the prediction is right. */
static bool add_head(int64_t *count, const float *scores, int classes, int32_t label)
{
    int64_t *hits = count + HEAD_COUNTS, *predicted = hits + classes, *labels = predicted + classes;
    int best = best_class(scores, classes);
    bool right = best == label;
    count[LABELLED]++;
    count[CORRECT] += right;
    count[TOP5] += classes_before(scores, classes, label) < 5;
    hits[label] += right;
    predicted[best]++;
    labels[label]++;
    return right;
}

void score_image(Score *score, const float *const *logits, int32_t *const *label, int n)
{
    int64_t *count = score->count, *common = common_counts(score);
    bool any = false, all = true;
    for (int h = 0; h < score->heads; h++) {
        int classes = score->classes[h];
        if (label[h][n] >= 0) {
            any = true;
            all &= add_head(count, logits[h] + (size_t)n * (size_t)classes, classes, label[h][n]);
        }
        count += head_size(classes);
    }
    common[IMAGES]++;
    common[JOINT_LABELLED] += any;
    common[JOINT_CORRECT] += any && all;
}

void score_loss(Score *score, int head, double loss)
{
    /* A loss that is not finite or absurdly large would not fit; it shows as the largest number. */
    double units = nearbyint(loss / LOSS_UNIT);
    head_counts(score, head)[LOSS] += units < 0x1p52 ? (int64_t)units : (int64_t)1 << 52;
}

void score_bad(Score *score)
{
    common_counts(score)[BAD]++;
}

/* Mean F1 over the classes that occur in labels or predictions; without either, a class says
 * nothing. */
static double macro_f1(const int64_t *count, int classes)
{
    const int64_t *hits = count + HEAD_COUNTS, *predicted = hits + classes,
                  *labels = predicted + classes;
    double sum = 0;
    int occurring = 0;
    for (int k = 0; k < classes; k++) {
        if (predicted[k] + labels[k] == 0) continue;
        occurring++;
        sum += 2 * (double)hits[k] / (double)(predicted[k] + labels[k]);
    }
    return occurring ? sum / occurring : 0;
}

HeadResult score_head(const Score *score, int head)
{
    const int64_t *count = head_counts(score, head);
    HeadResult result = {.labelled = count[LABELLED], .correct = count[CORRECT]};
    if (result.labelled == 0) return result;
    double n = (double)result.labelled;
    result.top1 = (double)count[CORRECT] / n;
    result.top5 = (double)count[TOP5] / n;
    result.macro_f1 = macro_f1(count, score->classes[head]);
    result.loss = (double)count[LOSS] * LOSS_UNIT / n;
    return result;
}

JointResult score_joint(const Score *score)
{
    const int64_t *common = common_counts(score);
    JointResult result = {.labelled = common[JOINT_LABELLED], .correct = common[JOINT_CORRECT]};
    if (result.labelled) result.accuracy = (double)result.correct / (double)result.labelled;
    return result;
}

int64_t score_images(const Score *score)
{
    return common_counts(score)[IMAGES];
}
int64_t score_bad_images(const Score *score)
{
    return common_counts(score)[BAD];
}

void score_json(const Score *score, Json *json)
{
    json_add_integer(json, "images", score_images(score));
    json_add_integer(json, "bad", score_bad_images(score));
    json_begin(json, "heads");
    for (int h = 0; h < score->heads; h++) {
        HeadResult result = score_head(score, h);
        json_begin(json, score->name[h]);
        json_add_integer(json, "labelled", result.labelled);
        json_add_integer(json, "correct", result.correct);
        json_add_real(json, "top1", result.top1);
        json_add_real(json, "top5", result.top5);
        json_add_real(json, "macro_f1", result.macro_f1);
        json_add_real(json, "loss", result.loss);
        json_end(json);
    }
    json_end(json);
    JointResult joint = score_joint(score);
    json_begin(json, "joint");
    json_add_integer(json, "labelled", joint.labelled);
    json_add_integer(json, "correct", joint.correct);
    json_add_real(json, "accuracy", joint.accuracy);
    json_end(json);
}

void score_print(const Score *score)
{
    int width = 5;
    for (int h = 0; h < score->heads; h++)
        if ((int)strlen(score->name[h]) > width) width = (int)strlen(score->name[h]);
    printf("%-*s  %8s  %7s  %7s  %8s  %8s\n", width, "head", "labelled", "top-1", "top-5",
           "macro-F1", "loss");
    for (int h = 0; h < score->heads; h++) {
        HeadResult result = score_head(score, h);
        printf("%-*s  %8lld  %6.2f%%  %6.2f%%  %8.4f  %8.4f\n", width, score->name[h],
               (long long)result.labelled, 100 * result.top1, 100 * result.top5, result.macro_f1,
               result.loss);
    }
    JointResult joint = score_joint(score);
    printf("%-*s  %8lld  %6.2f%%\n", width, "joint", (long long)joint.labelled,
           100 * joint.accuracy);
}
