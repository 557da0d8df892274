/* Neighbours in Hamming distance against a comparison of all pairs. */
#include "check.h"

#include "near.h"

#include <string.h>

enum { RECORDS = 600 };

static uint64_t state;

static uint64_t next(void) /* xorshift64 */
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* A third are copies of earlier ones with a few bits turned. */
static void make_hashes(uint64_t *hash, bool *left_out)
{
    state = 88172645463325252U;
    for (int r = 0; r < RECORDS; r++) {
        hash[r] = next();
        left_out[r] = r % 17 == 0;
        if (r % 3 || r == 0) continue;
        hash[r] = hash[next() % (unsigned)r];
        for (unsigned k = (unsigned)next() % 9; k > 0; k--) hash[r] ^= (uint64_t)1 << next() % 64;
    }
}

static int difference(uint64_t a, uint64_t b)
{
    int bits = 0;
    for (int k = 0; k < 64; k++) bits += (a >> k & 1) != (b >> k & 1);
    return bits;
}

/* label[r]: the first record that a chain of neighbours connects r with. */
static void label_by_pairs(int *label, const uint64_t *hash, const bool *left_out, int distance)
{
    for (int r = 0; r < RECORDS; r++) label[r] = r;
    for (bool changed = true; changed;) {
        changed = false;
        for (int a = 0; a < RECORDS; a++)
            for (int b = 0; b < a; b++) {
                if (left_out[a] || left_out[b] || label[a] == label[b]) continue;
                if (difference(hash[a], hash[b]) > distance) continue;
                label[a] = label[b] = label[a] < label[b] ? label[a] : label[b];
                changed = true;
            }
    }
}

static void label_by_clusters(int *label, const Clusters *clusters)
{
    for (int r = 0; r < RECORDS; r++) label[r] = r;
    for (size_t c = 0; c < clusters->count; c++)
        for (size_t i = clusters->begin[c]; i < clusters->begin[c + 1]; i++)
            label[clusters->record[i]] = (int)clusters->record[clusters->begin[c]];
}

static void test_all_pairs(void **unused)
{
    (void)unused;
    static uint64_t hash[RECORDS];
    static bool left_out[RECORDS];
    static int expected[RECORDS], found[RECORDS];
    make_hashes(hash, left_out);
    for (int distance = 0; distance <= LINT_DISTANCE_MAX; distance++) {
        Arena *arena = arena_create("test");
        Clusters clusters = near_find(hash, left_out, RECORDS, distance, arena);
        label_by_pairs(expected, hash, left_out, distance);
        label_by_clusters(found, &clusters);
        for (int r = 0; r < RECORDS; r++) assert_int_equal(found[r], expected[r]);
        assert_true(clusters.count > 0);
        arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
