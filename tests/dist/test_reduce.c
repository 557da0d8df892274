/*
 * The reduction of a step: the same bits for any order, cut and dealing of the lanes; overflow at
 * the exact limits. Run alone it is a cmocka program on one rank; with arguments WORKERS KIND (exact,
 * node, float), under mpirun, it prints a hash of the sums (tests/dist/reduce.sh).
 */
#include "check.h"

#include "base/hash.h"
#include "base/pool.h"
#include "base/random.h"
#include "dist/reduce.h"

#include <math.h>
#include <stdlib.h>

enum { COUNT = 100003, SIDE = 5, LANES = 11 };

static Comm *comm;
static bool per_node; /* one accumulator per node */

/* Element i of a lane's gradient: sizes over forty binary orders. */
static float element(int lane, size_t i)
{
    Random random = random_at(7, RANDOM_INIT, (uint64_t)lane, 0, i);
    int exponent = (int)random_below(&random, 40) - 38;
    return (float)ldexp(random_uniform(&random) - 0.5, exponent);
}

typedef struct Work {
    Reduce *reduce;
    int first, last; /* lanes of this rank */
    int step;        /* added to the lane: other values each step */
    size_t piece;    /* elements per reduce_add */
    bool backwards;  /* order of the lanes */
    int workers;
    float gradient[COUNT];
} Work;

static void add_lane(Work *work, int worker, int lane, float *gradient)
{
    for (size_t i = 0; i < COUNT; i++) gradient[i] = element(lane + 100 * work->step, i);
    for (size_t end = COUNT; end > 0;) {
        size_t begin = end > work->piece ? end - work->piece : 0;
        reduce_add(work->reduce, worker, begin, gradient + begin, end - begin);
        end = begin;
    }
    reduce_add_side(work->reduce, 1, sin(lane) * 1e3);
    reduce_count_side(work->reduce, 2, lane);
}

static void add_lanes(void *context, int worker)
{
    Work *work = context;
    float *gradient = malloc(sizeof(float) * COUNT);
    for (int l = work->first + worker; l < work->last; l += work->workers)
        add_lane(work, worker, work->backwards ? work->first + work->last - 1 - l : l, gradient);
    free(gradient);
    if (worker == 0) reduce_poll(work->reduce);
}

static uint64_t hash_sums(const Reduce *reduce)
{
    float *sum = malloc(sizeof(float) * COUNT);
    reduce_read(reduce, 0, sum, COUNT);
    uint64_t hash = hash64(sum, sizeof(float) * COUNT);
    double side = reduce_side(reduce, 1);
    hash ^= hash64(&side, sizeof side) + (uint64_t)reduce_side_count(reduce, 2);
    free(sum);
    return hash;
}

/* Two steps in a row, so that what is left of the first would show. */
static uint64_t run(int workers, size_t piece, bool backwards, ReduceKind kind, size_t bucket_bytes)
{
    Arena *arena = arena_create("test");
    Pool *pool = pool_create(workers);
    ReduceOptions options = {.kind = kind,
                             .count = COUNT,
                             .side = SIDE,
                             .bucket_bytes = bucket_bytes,
                             .workers = workers,
                             .node = per_node};
    Work *work = arena_new(arena, Work, 1);
    int rank = comm_rank(comm), size = comm_size(comm);
    *work = (Work){.reduce = reduce_create(comm, &options, arena),
                   .first = LANES * rank / size,
                   .last = LANES * (rank + 1) / size,
                   .piece = piece,
                   .backwards = backwards,
                   .workers = workers};
    uint64_t hash = 0;
    for (work->step = 0; work->step < 2; work->step++) {
        reduce_begin(work->reduce, LANES, work->last - work->first);
        pool_run(pool, add_lanes, work);
        if (!reduce_finish(work->reduce)) hash = 1;
        hash = hash * 31 + hash_sums(work->reduce);
    }
    reduce_destroy(work->reduce);
    pool_destroy(pool);
    arena_destroy(arena);
    return hash;
}

static void test_same_bits(void **state)
{
    (void)state;
    uint64_t expected = run(1, COUNT, false, REDUCE_EXACT, 0);
    assert_int_equal(run(1, COUNT, true, REDUCE_EXACT, 0), expected);
    assert_int_equal(run(1, 777, false, REDUCE_EXACT, 4096), expected);
    assert_int_equal(run(2, 5000, false, REDUCE_EXACT, 65536), expected);
    assert_int_equal(run(4, 12345, true, REDUCE_EXACT, 8), expected);
}

static void test_float_repeats(void **state)
{
    (void)state;
    assert_int_equal(run(2, 5000, false, REDUCE_FLOAT, 65536),
                     run(2, 777, false, REDUCE_FLOAT, 4096));
}

/* The sum is that of 128-bit integers, rounded once more to float. */
static void test_value(void **state)
{
    (void)state;
    Arena *arena = arena_create("test");
    ReduceOptions options = {.count = COUNT, .side = SIDE, .workers = 1};
    Work *work = arena_new(arena, Work, 1);
    *work = (Work){.reduce = reduce_create(comm, &options, arena),
                   .last = LANES,
                   .piece = COUNT,
                   .workers = 1};
    reduce_begin(work->reduce, LANES, LANES);
    add_lanes(work, 0);
    assert_true(reduce_finish(work->reduce));
    reduce_read(work->reduce, 0, work->gradient, COUNT);
    for (size_t i = 0; i < COUNT; i += 97) {
        int64_t sum = 0;
        for (int lane = 0; lane < LANES; lane++)
            sum += (int64_t)rintl((long double)element(lane, i) * 0x1p50L);
        assert_true(work->gradient[i] == (float)((double)sum * 0x1p-50));
    }
    double side = 0;
    for (int lane = 0; lane < LANES; lane++) side += nearbyint(sin(lane) * 1e3 * 0x1p32) * 0x1p-32;
    assert_true(reduce_side(work->reduce, 1) == side);
    assert_int_equal(reduce_side_count(work->reduce, 2), LANES * (LANES - 1) / 2);
    reduce_destroy(work->reduce);
    arena_destroy(arena);
}

/* Whether a step with one contribution `x` (or side value) among zeros is good. */
static bool is_good_in(ReduceKind kind, int lanes, float x, double side)
{
    Arena *arena = arena_create("test");
    ReduceOptions options = {.kind = kind, .count = 100, .side = SIDE, .workers = 1};
    Reduce *reduce = reduce_create(comm, &options, arena);
    float gradient[100] = {0};
    reduce_begin(reduce, lanes, 1);
    gradient[37] = x;
    reduce_add(reduce, 0, 0, gradient, 100);
    reduce_add_side(reduce, 0, side);
    bool good = reduce_finish(reduce);
    reduce_destroy(reduce);
    arena_destroy(arena);
    return good;
}

static bool is_good(int lanes, float x, double side)
{
    return is_good_in(REDUCE_EXACT, lanes, x, side);
}

static void test_overflow(void **state)
{
    (void)state;
    static const struct {
        int lanes, power;
    } cases[] = {{1, 1}, {2, 2}, {3, 4}, {4, 4}, {1000, 1024}, {4096, 4096}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float limit = 4096.0F / (float)cases[i].power;
        assert_false(is_good(cases[i].lanes, limit, 0));
        assert_false(is_good(cases[i].lanes, -limit, 0));
        assert_true(is_good(cases[i].lanes, nextafterf(limit, 0), 0));
        assert_true(is_good(cases[i].lanes, -nextafterf(limit, 0), 0));
        double side = 0x1p30 / cases[i].power;
        assert_false(is_good(cases[i].lanes, 0, side));
        assert_true(is_good(cases[i].lanes, 0, nextafter(side, 0)));
    }
    assert_false(is_good(1, NAN, 0));
    assert_false(is_good(1, INFINITY, 0));
    assert_false(is_good(1, 0, NAN));
    assert_false(is_good(1, 0, -INFINITY));
}

/* Contributions that are finite must not add up to an infinite sum. */
static void test_overflow_of_float(void **state)
{
    (void)state;
    assert_false(is_good_in(REDUCE_FLOAT, 1, NAN, 0));
    assert_false(is_good_in(REDUCE_FLOAT, 1, -INFINITY, 0));
    assert_true(is_good_in(REDUCE_FLOAT, 3, nextafterf(0x1p125F, 0), 0));
    assert_false(is_good_in(REDUCE_FLOAT, 3, 0x1p125F, 0));
    assert_false(is_good_in(REDUCE_FLOAT, 4096, -0x1p115F, 0));
}

/* A name and a version, without the build's details: "Open MPI 4.1.4". */
static void test_library(void **state)
{
    (void)state;
    const char *text = comm_library();
    size_t length = strlen(text);
    assert_true(length > 5 && text[length - 1] >= '0' && text[length - 1] <= '9');
    assert_null(strpbrk(text, ",:\n\t"));
    assert_null(strstr(text, " v"));
}

/* --- under mpirun --- */

/* All ranks must get the text of the lowest rank that has one. */
static bool agreement_holds(void)
{
    int rank = comm_rank(comm), size = comm_size(comm);
    Error none = {0}, err = {0};
    if (!comm_agree(comm, &none) || none.count != 0) return false;
    if (rank >= size / 2) error_set(&err, ERROR_DATA, "rank %d is unhappy", rank);
    char expected[64];
    snprintf(expected, sizeof expected, "rank %d is unhappy", size / 2);
    return !comm_agree(comm, &err) && err.kind == ERROR_DATA && strcmp(err.text, expected) == 0;
}

/* An overflow on the last rank alone is seen by all. */
static bool overflow_is_shared(void)
{
    int rank = comm_rank(comm), size = comm_size(comm);
    return !is_good(size, rank == size - 1 ? INFINITY : 1.0F, 0) && is_good(size, 1.0F, 0);
}

/* More ranks than lanes: some have none. */
static bool idle_ranks_are_legal(void)
{
    Arena *arena = arena_create("test");
    ReduceOptions options = {.count = 1000, .side = SIDE, .workers = 1, .bucket_bytes = 512};
    Reduce *reduce = reduce_create(comm, &options, arena);
    bool good = true;
    for (int step = 0; step < 3; step++) {
        bool has_lane = comm_rank(comm) == 0;
        float gradient[1000];
        for (int i = 0; i < 1000; i++) gradient[i] = (float)(i + step);
        reduce_begin(reduce, 1, has_lane);
        if (has_lane) reduce_add(reduce, 0, 0, gradient, 1000);
        good &= reduce_finish(reduce);
        float sum[1000];
        reduce_read(reduce, 0, sum, 1000);
        for (int i = 0; i < 1000; i++) good &= sum[i] == (float)(i + step);
    }
    reduce_destroy(reduce);
    arena_destroy(arena);
    return good;
}

static int run_under_mpi(int workers, ReduceKind kind)
{
    uint64_t hash = run(workers, 5000, false, kind, 65536);
    bool good = agreement_holds() & overflow_is_shared() & idle_ranks_are_legal();
    uint64_t all[2] = {hash, ~hash};
    comm_max_u64(comm, all, 2);
    good &= all[0] == ~all[1]; /* the same on every rank */
    if (!good) fprintf(stderr, "rank %d: a check failed\n", comm_rank(comm));
    if (comm_rank(comm) == 0) printf("%016llx\n", (unsigned long long)hash);
    comm_close(comm);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    comm = comm_open(&argc, &argv);
    per_node = argc == 3 && strcmp(argv[2], "node") == 0;
    if (argc == 3)
        return run_under_mpi(atoi(argv[1]),
                             strcmp(argv[2], "float") == 0 ? REDUCE_FLOAT : REDUCE_EXACT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_float_repeats),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_overflow_of_float),
        cmocka_unit_test(test_library),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    comm_close(comm);
    return failed;
}
