/* Scores against straightforward formulas on random data with missing labels. */
#include "check.h"

#include "base/random.h"
#include "train/score.h"

#include <math.h>
#include <stdlib.h>

enum { HEADS = 3, IMAGES = 500, MOST = 11 };
static const int classes[HEADS] = {3, 11, 7};
static const char *const names[HEADS] = {"a", "b", "c"};

typedef struct Data {
    float logit[HEADS][IMAGES * MOST];
    int32_t label[HEADS][IMAGES];
} Data;

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
            data->label[h][n] = random_uniform(&random) < missing ? -1 : label;
        }
}

static Score score_range(const Data *data, int begin, int end, Arena *arena)
{
    Score score = score_create(HEADS, classes, names, arena);
    const float *logits[HEADS];
    int32_t *label[HEADS];
    for (int h = 0; h < HEADS; h++) {
        logits[h] = data->logit[h];
        label[h] = (int32_t *)data->label[h];
    }
    for (int n = begin; n < end; n++) score_image(&score, logits, label, n);
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
          sum = score_create(HEADS, classes, names, arena);
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
    Score score = score_create(1, ten, names, arena);
    float logits[10];
    for (int k = 0; k < 10; k++) logits[k] = NAN;
    int32_t label[] = {9};
    score_image(&score, (const float *const[]){logits}, (int32_t *const[]){label}, 0);
    assert_true(score_head(&score, 0).top1 == 0 && score_head(&score, 0).top5 == 0);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_any_split),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
