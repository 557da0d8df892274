/*
 * What a transformer adds to the other ops, against double-precision references: patches as tokens,
 * self-attention, and the features of a sequence.
 */
#include "nn/check_op.h"

/* A sequence (N,T,D) is the extent (N,1,T,D). */
static Tensor *token_source(Bench *bench, const char *name, Extent e)
{
    return bench_source(bench, name, shape_of(3, e.N, e.W, e.C));
}

/* --- attention --- */

static int heads;

/* One query: weights exp(q k / sqrt(d)) over the keys, normalised, of the values. */
static void attend(double *out, const double *qkv, int query, int head, int T, int D)
{
    int d = D / heads;
    double *weight = new_doubles((size_t)T), total = 0;
    for (int t = 0; t < T; t++) {
        double score = 0;
        for (int i = head * d; i < (head + 1) * d; i++)
            score += qkv[query * 3 * D + i] * qkv[t * 3 * D + D + i];
        total += weight[t] = exp(score / sqrt(d));
    }
    for (int i = head * d; i < (head + 1) * d; i++) {
        out[query * D + i] = 0;
        for (int t = 0; t < T; t++)
            out[query * D + i] += weight[t] / total * qkv[t * 3 * D + 2 * D + i];
    }
    free(weight);
}

static double *attention_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    int T = in.W, D = in.C / 3;
    for (int n = 0; n < in.N; n++)
        for (int query = 0; query < T; query++)
            for (int head = 0; head < heads; head++)
                attend(out + n * T * D, value_of(bench, value, "x") + n * T * 3 * D, query, head, T,
                       D);
    return out;
}

static void check_attention(int images, int tokens, int channels, int head_count)
{
    in = (Extent){images, 1, tokens, 3 * channels};
    heads = head_count;
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_attention(bench.graph, "a", token_source(&bench, "x", in), heads),
             attention_reference);
}

static void test_attention(void **state)
{
    (void)state;
    check_attention(3, 7, 12, 3);
    check_attention(2, 17, 5, 1);
    check_attention(1, 1, 4, 2); /* one token attends to itself */
    check_attention(2, 50, 8, 8);
}

static Tensor *build_attention(Bench *bench)
{
    in = (Extent){2, 1, 50, 48};
    return nn_attention(bench->graph, "a", token_source(bench, "x", in), 4);
}

static void test_recompute(void **state)
{
    (void)state;
    check_recompute(2, build_attention);
}

static void test_attention_heads(void **state)
{
    (void)state;
    Error err = {0};
    Bench bench = bench_open(2);
    nn_attention(bench.graph, "attn", token_source(&bench, "x", (Extent){2, 1, 3, 30}), 4);
    assert_false(graph_finish(bench.graph, &err));
    assert_string_equal(err.text, "attn: 10 channels cannot be shared by 4 heads");
    bench_close(&bench);
}

/* --- patches to tokens --- */

static double *tokens_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    const double *patch = value_of(bench, value, "x"), *place = value_of(bench, value, "pos_embed"),
                 *class_token = value_of(bench, value, "cls_token");
    int patches = in.H * in.W, first = class_token != NULL, T = patches + first, D = in.C;
    for (int n = 0; n < in.N; n++)
        for (int t = 0; t < T; t++)
            for (int i = 0; i < D; i++)
                out[(n * T + t) * D + i] =
                    place[t * D + i] +
                    (t < first ? class_token[i] : patch[(n * patches + t - first) * D + i]);
    return out;
}

static void test_tokens(void **state)
{
    (void)state;
    for (int class_token = 0; class_token < 2; class_token++) {
        in = (Extent){3, 2, 4, 5};
        Bench bench = bench_open(in.N);
        check_op(&bench, nn_tokens(bench.graph, "t", image_source(&bench, "x", in), class_token),
                 tokens_reference);
    }
}

/* --- tokens to features --- */

static int first_token, last_token; /* averaged, both ends included */

static double *pool_reference(const Bench *bench, const double *value, bool training)
{
    (void)training;
    double *out = new_doubles(out_count);
    const double *x = value_of(bench, value, "x");
    for (int n = 0; n < in.N; n++)
        for (int t = first_token; t <= last_token; t++)
            for (int i = 0; i < in.C; i++)
                out[n * in.C + i] += x[(n * in.W + t) * in.C + i] / (last_token - first_token + 1);
    return out;
}

static void test_first_token(void **state)
{
    (void)state;
    in = (Extent){3, 1, 5, 7};
    first_token = last_token = 0;
    Bench bench = bench_open(in.N);
    check_op(&bench, nn_first_token(bench.graph, "p", token_source(&bench, "x", in)),
             pool_reference);
}

static void test_mean_tokens(void **state)
{
    (void)state;
    for (int skip = 0; skip < 3; skip++) {
        in = (Extent){3, 1, 5, 7};
        first_token = skip;
        last_token = in.W - 1;
        Bench bench = bench_open(in.N);
        check_op(&bench, nn_mean_tokens(bench.graph, "p", token_source(&bench, "x", in), skip),
                 pool_reference);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attention),       cmocka_unit_test(test_recompute),
        cmocka_unit_test(test_attention_heads), cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_first_token),     cmocka_unit_test(test_mean_tokens),
    };
    gemm_init();
    return run_op_tests("attention", tests);
}
