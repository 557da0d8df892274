/* Scores against straightforward formulas on random data with missing labels. */
#include "check.h"

#include "base/random.h"
#include "nn/targets.h"
#include "train/score.h"

#include <math.h>
#include <stdlib.h>

enum { HEADS = 3, IMAGES = 500, MOST = 11 };
static const int classes[HEADS] = {3, 11, 7};

/* Softmax heads. */
static const ScoreHead *heads_of(const int *classes_of, int count, Arena *arena)
{
    static const char *const names[] = {"a", "b", "c"};
    ScoreHead *head = arena_new(arena, ScoreHead, count);
    for (int h = 0; h < count; h++)
        head[h] = (ScoreHead){names[h], head_find("softmax"), classes_of[h], 1};
    return head;
}

typedef struct Data {
    float logit[HEADS][IMAGES * MOST];
    float probability[HEADS][IMAGES * MOST];
    int32_t label[HEADS][IMAGES];
} Data;

/* Logit / sum of all, in place of a softmax: as coarse as logits. */
static void make_probabilities(const float *logit, float *probability, int count)
{
    float sum = 0;
    for (int k = 0; k < count; k++) sum += logit[k] + 1;
    for (int k = 0; k < count; k++) probability[k] = (logit[k] + 1) / sum;
}

/* Coarse logits, so that ties happen; `missing` is the share of labels left out. */
static void make(Data *data, double missing)
{
    Random random = random_at(1, RANDOM_MIX, 0, 0, 0);
    for (int h = 0; h < HEADS; h++)
        for (int n = 0; n < IMAGES; n++) {
            int label = (int)random_below(&random, (uint32_t)classes[h] -
                                                       1); /* the last class never occurs */
            for (int k = 0; k < classes[h]; k++)
                data->logit[h][n * classes[h] + k] =
                    (float)random_below(&random, 6) + (k == label ? 2.0F : 0.0F);
            make_probabilities(data->logit[h] + n * classes[h],
                               data->probability[h] + n * classes[h], classes[h]);
            data->label[h][n] = random_uniform(&random) < missing ? -1 : label;
        }
}

static Score score_range(const Data *data, int begin, int end, Arena *arena)
{
    Score score = score_create(HEADS, heads_of(classes, HEADS, arena), arena);
    HeadOutput output[HEADS];
    for (int h = 0; h < HEADS; h++) {
        Target *target = arena_new(arena, Target, IMAGES);
        output[h] = (HeadOutput){.logits = data->logit[h],
                                 .prediction = data->probability[h],
                                 .target = targets_of(target, data->label[h], IMAGES)};
    }
    for (int n = begin; n < end; n++) score_image(&score, output, n);
    return score;
}

/* Rank of the label: classes with a larger logit, or an equal one and a lower number. */
static int rank_of(const Data *data, int h, int n)
{
    const float *row = data->logit[h] + n * classes[h];
    int label = data->label[h][n], rank = 0;
    for (int k = 0; k < classes[h]; k++)
        rank += row[k] > row[label] || (row[k] == row[label] && k < label);
    return rank;
}

static int predicted(const Data *data, int h, int n)
{
    const float *row = data->logit[h] + n * classes[h];
    int best = 0;
    for (int k = 1; k < classes[h]; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

/* scikit-learn: mean of the F1 of each class that is in labels or predictions; 0 where there is no
 * hit. */
static double macro_f1(const Data *data, int h)
{
    double sum = 0;
    int present = 0;
    for (int k = 0; k < classes[h]; k++) {
        int hit = 0, said = 0, is = 0;
        for (int n = 0; n < IMAGES; n++) {
            if (data->label[h][n] < 0) continue;
            int p = predicted(data, h, n);
            hit += p == k && data->label[h][n] == k;
            said += p == k;
            is += data->label[h][n] == k;
        }
        if (said + is == 0) continue;
        present++;
        double precision = said ? (double)hit / said : 0, recall = is ? (double)hit / is : 0;
        sum += hit ? 2 * precision * recall / (precision + recall) : 0;
    }
    return present ? sum / present : 0;
}

/* Mean recall of the classes that are in the labels. */
static double balanced_accuracy(const Data *data, int h)
{
    double sum = 0;
    int present = 0;
    for (int k = 0; k < classes[h]; k++) {
        int hit = 0, is = 0;
        for (int n = 0; n < IMAGES; n++) {
            is += data->label[h][n] == k;
            hit += data->label[h][n] == k && predicted(data, h, n) == k;
        }
        if (is == 0) continue;
        present++;
        sum += (double)hit / is;
    }
    return present ? sum / present : 0;
}

/* For each of 15 bins, |right ones - summed probabilities| of the images that fall into it. */
static double calibration(const Data *data, int h)
{
    double sum = 0;
    int labelled = 0;
    for (int b = 0; b < 15; b++) {
        double difference = 0;
        for (int n = 0; n < IMAGES; n++) {
            int k = predicted(data, h, n);
            double sure = data->probability[h][n * classes[h] + k];
            if (data->label[h][n] < 0 || sure * 15 < b || (b < 14 && sure * 15 >= b + 1)) continue;
            difference += (k == data->label[h][n]) - sure;
            labelled++;
        }
        sum += fabs(difference);
    }
    return labelled ? sum / labelled : 0;
}

static void check(double missing)
{
    Arena *arena = arena_create("test");
    Data *data = arena_new(arena, Data, 1);
    make(data, missing);
    Score score = score_range(data, 0, IMAGES, arena);
    for (int h = 0; h < HEADS; h++) {
        int labelled = 0, first = 0, five = 0;
        for (int n = 0; n < IMAGES; n++) {
            if (data->label[h][n] < 0) continue;
            labelled++;
            first += rank_of(data, h, n) == 0;
            five += rank_of(data, h, n) < 5;
        }
        HeadResult result = score_head(&score, h);
        assert_int_equal(result.labelled, labelled);
        assert_int_equal(result.correct, first);
        assert_true(labelled == 0 || result.top1 == (double)first / labelled);
        assert_true(labelled == 0 || result.top5 == (double)five / labelled);
        assert_true(fabs(result.macro_f1 - macro_f1(data, h)) < 1e-12);
        assert_true(fabs(result.balanced_accuracy - balanced_accuracy(data, h)) < 1e-12);
        assert_true(fabs(result.ece - calibration(data, h)) < 1e-12);
    }
    int any = 0, all = 0;
    for (int n = 0; n < IMAGES; n++) {
        int labelled = 0, wrong = 0;
        for (int h = 0; h < HEADS; h++) {
            labelled += data->label[h][n] >= 0;
            wrong += data->label[h][n] >= 0 && rank_of(data, h, n) != 0;
        }
        any += labelled > 0;
        all += labelled > 0 && wrong == 0;
    }
    assert_int_equal(score_joint(&score).labelled, any);
    assert_int_equal(score_joint(&score).correct, all);
    assert_int_equal(score_images(&score), IMAGES);
    arena_destroy(arena);
}

static void test_formulas(void **state)
{
    (void)state;
    check(0);
    check(0.3);
    check(0.95);
    check(1);
}

static void test_any_split(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Data *data = arena_new(arena, Data, 1);
    make(data, 0.3);
    Score whole = score_range(data, 0, IMAGES, arena),
          sum = score_create(HEADS, heads_of(classes, HEADS, arena), arena);
    static const int cuts[] = {0, 1, 17, 300, 300, IMAGES};
    for (int i = 0; i < 5; i++) {
        Score part = score_range(data, cuts[i], cuts[i + 1], arena);
        score_add(&sum, &part);
    }
    assert_memory_equal(whole.count, sum.count, sizeof(int64_t) * whole.counts);
    arena_destroy(arena);
}

static void test_loss(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    Data *data = arena_new(arena, Data, 1);
    make(data, 0);
    Score score = score_range(data, 0, IMAGES, arena);
    score_loss(&score, 1, 123.25);
    score_loss(&score, 1, 0.5);
    assert_true(score_head(&score, 1).loss == 123.75 / IMAGES);
    score_loss(&score, 2, NAN);
    assert_true(score_head(&score, 2).loss > 1000); /* shows, and does not wrap around */
    score_bad(&score);
    assert_int_equal(score_bad_images(&score), 1);
    assert_int_equal(score_images(&score), IMAGES);
    arena_destroy(arena);
}

/* A label whose logit is NaN is wrong, whatever else there is. */
static void test_nan(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    static const int ten[] = {10};
    Score score = score_create(1, heads_of(ten, 1, arena), arena);
    float logits[10];
    for (int k = 0; k < 10; k++) logits[k] = NAN;
    Target target = {.weight = 1, .label = 9};
    score_image(&score, &(HeadOutput){.logits = logits, .prediction = logits, .target = &target},
                0);
    assert_true(score_head(&score, 0).top1 == 0 && score_head(&score, 0).top5 == 0);
    arena_destroy(arena);
}

/* --- other kinds of heads --- */

static ScoreHead head_of(const char *kind, int classes_of, double unit)
{
    return (ScoreHead){kind, head_find(kind), classes_of, unit};
}

/* Classes that hold: {0, 2}, none, {1}, missing. Found: {0}, none, {1, 2}. */
static void test_sets(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    ScoreHead head = head_of("sigmoid", 3, 1);
    static const int32_t first[] = {0, 2}, third[] = {1};
    const Target target[] = {{.weight = 1, .member = first, .members = 2},
                             {.weight = 1},
                             {.weight = 1, .member = third, .members = 1},
                             {.weight = 0}};
    const float p[] = {0.7F, 0.3F, 0.5F, 0.3F, 0.1F, 0, 0.2F, 1, 0.51F, 1, 1, 1};
    Score score = score_create(1, &head, arena);
    for (int n = 0; n < 4; n++)
        score_image(&score, &(HeadOutput){.logits = p, .prediction = p, .target = target}, n);
    score_loss(&score, 0, 4.5);
    HeadResult result = score_head(&score, 0);
    assert_int_equal(result.labelled, 3);
    assert_int_equal(result.correct, 1);
    assert_true(fabs(result.micro_f1 - 2 * 2.0 / (3 + 3)) < 1e-12);
    assert_true(fabs(result.macro_f1 - 2.0 / 3) < 1e-12); /* 1, 1, 0 */
    assert_true(result.loss == 4.5 / 9);                  /* three terms for each labelled image */
    assert_int_equal(score_joint(&score).labelled, 3);
    assert_int_equal(score_joint(&score).correct, 1);
    arena_destroy(arena);
}

/* Probabilities of the ranks 0, 0 (by less than half), 1, 3; labels 0, 1, 3, 3: wrong by 0, 1, 2, 0. */
static void test_ranks(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    ScoreHead head = head_of("ordinal", 4, 1);
    static const int label[] = {0, 1, 3, 3};
    static const float prediction[] = {1,    0,    0,    0,    0.51F, 0.2F, 0.2F, 0.09F,
                                       0.4F, 0.2F, 0.2F, 0.2F, 0,     0,    0.3F, 0.7F};
    Target target[4];
    Score score = score_create(1, &head, arena);
    HeadOutput output = {.logits = prediction, /* not looked at */
                         .prediction = prediction,
                         .target = targets_of(target, label, 4)};
    for (int n = 0; n < 4; n++) score_image(&score, &output, n);
    score_loss(&score, 0, 18);
    HeadResult result = score_head(&score, 0);
    assert_int_equal(result.correct, 2);
    assert_true(result.error == 3.0 / 4);
    assert_true(result.top5 == 1);
    assert_true(fabs(result.balanced_accuracy - (1 + 0 + 0.5) / 3) < 1e-12);
    assert_true(result.loss == 18.0 / (1 + 2 + 3 + 3)); /* terms: min(label + 1, 3) */
    arena_destroy(arena);
}

static void test_values(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    ScoreHead head[] = {head_of("regression", 0, 2.5), head_of("circular", 0, 360)};
    const float value[] = {10, -3, 7}, angle[] = {359, 10, 180}, none[6] = {0};
    const Target values[] = {
        {.weight = 1, .value = 12}, {.weight = 0}, {.weight = 1, .value = 6.5}};
    const Target angles[] = {
        {.weight = 1, .value = 1}, {.weight = 1, .value = -350}, {.weight = 1, .value = 0}};
    Score score = score_create(2, head, arena);
    HeadOutput output[] = {{none, value, values}, {none, angle, angles}};
    for (int n = 0; n < 3; n++) score_image(&score, output, n);
    HeadResult numbers = score_head(&score, 0), turns = score_head(&score, 1);
    assert_int_equal(numbers.labelled, 2);
    assert_true(fabs(numbers.error - (2 + 0.5) / 2) < 1e-8);
    assert_true(fabs(turns.error - (2 + 0 + 180) / 3.0) < 1e-6);
    assert_int_equal(score_joint(&score).labelled, 0); /* numbers are neither right nor wrong */
    assert_true(head_is_better(&numbers, -1) && head_is_better(&numbers, 1.3));
    assert_false(head_is_better(&numbers, 1.2));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas), cmocka_unit_test(test_any_split),
        cmocka_unit_test(test_loss),     cmocka_unit_test(test_nan),
        cmocka_unit_test(test_sets),     cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
