/* Order of training samples. Square roots are exact in IEEE arithmetic, so all ranks deal alike. */
#include "data/sampler.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

struct Sampler {
    const uint32_t *records;
    size_t count;
    int classes;
    size_t
        *first; /* (classes + 2): where a class begins in `member`; those without one come first */
    uint32_t *member;   /* (count): records by class */
    uint32_t *shuffled; /* (count): scratch */
    double *until; /* (classes): draws of an epoch up to and with this class; NULL: no balance */
};

/* --- classes --- */

static size_t size_of(const Sampler *sampler, int class)
{
    return sampler->first[class + 2] - sampler->first[class + 1];
}

/* Records of class k lie from first[k + 1] on, those of none from first[0] on. */
static void sort_by_class(Sampler *sampler, const int32_t *class_of, Arena *run)
{
    size_t *next = arena_new(run, size_t, sampler->classes + 2);
    for (size_t i = 0; i < sampler->count; i++)
        sampler->first[(class_of[i] < 0 ? -1 : class_of[i]) + 2]++;
    for (int k = 0; k <= sampler->classes; k++) sampler->first[k + 1] += sampler->first[k];
    memcpy(next, sampler->first, sizeof *next * ((size_t)sampler->classes + 1));
    for (size_t i = 0; i < sampler->count; i++)
        sampler->member[next[(class_of[i] < 0 ? -1 : class_of[i]) + 1]++] = sampler->records[i];
}

/* The draws that balancing deals out, summed over classes. */
static void find_shares(Sampler *sampler, BalanceKind kind)
{
    double draws = (double)(sampler->count - sampler->first[1]), sum = 0;
    for (int k = 0; k < sampler->classes; k++) {
        double size = (double)size_of(sampler, k);
        sum += size == 0 ? 0 : kind == BALANCE_SQRT ? sqrt(size) : 1;
        sampler->until[k] = sum;
    }
    for (int k = 0; k < sampler->classes; k++)
        sampler->until[k] = sum > 0 ? draws * (sampler->until[k] / sum) : 0;
}

Sampler *sampler_create(const uint32_t *records, size_t count, BalanceKind kind,
                        const int32_t *class_of, int classes, Arena *run)
{
    Sampler *sampler = arena_new(run, Sampler, 1);
    *sampler = (Sampler){.records = records, .count = count, .classes = classes};
    if (kind == BALANCE_NONE) return sampler;
    sampler->first = arena_new(run, size_t, classes + 2);
    sampler->member = arena_new(run, uint32_t, count + 1);
    sampler->shuffled = arena_new(run, uint32_t, count + 1);
    sampler->until = arena_new(run, double, classes + 1);
    sort_by_class(sampler, class_of, run);
    find_shares(sampler, kind);
    return sampler;
}

/* --- order --- */

static void shuffle(uint32_t *order, size_t count, Random random)
{
    for (size_t i = count; i-- > 1;) {
        size_t j = random_below(&random, (uint32_t)i + 1);
        uint32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

/* `draws` records of a class: all of them as often as they fit, then some of them once more. */
static void draw_class(const Sampler *sampler, int class, uint32_t *order, size_t draws,
                       Random random)
{
    size_t size = size_of(sampler, class);
    const uint32_t *member = sampler->member + sampler->first[class + 1];
    for (; draws >= size && size > 0; draws -= size, order += size)
        memcpy(order, member, sizeof *order * size);
    if (draws == 0) return;
    memcpy(sampler->shuffled, member, sizeof *member * size);
    shuffle(sampler->shuffled, size, random);
    memcpy(order, sampler->shuffled, sizeof *order * draws);
}

static void draw_balanced(const Sampler *sampler, uint32_t *order, uint64_t seed, uint64_t epoch)
{
    Random random = random_at(seed, RANDOM_ORDER, 1, epoch, 0);
    double offset = random_uniform(&random);
    size_t done = sampler->first[1], all = sampler->count - done, dealt = 0;
    memcpy(order, sampler->member, sizeof *order * done);
    for (int k = 0; k < sampler->classes; k++) {
        size_t until = (size_t)floor(sampler->until[k] + offset);
        /* the last class that has records ends at the total, whatever was rounded */
        if (sampler->until[k] >= (double)all || until > all) until = all;
        draw_class(sampler, k, order + done, until - dealt,
                   random_at(seed, RANDOM_ORDER, 2, epoch, (uint64_t)k));
        done += until - dealt;
        dealt = until;
    }
}

void sampler_order(const Sampler *sampler, uint32_t *order, uint64_t seed, uint64_t epoch)
{
    if (sampler->until)
        draw_balanced(sampler, order, seed, epoch);
    else
        memcpy(order, sampler->records, sizeof *order * sampler->count);
    shuffle(order, sampler->count, random_at(seed, RANDOM_ORDER, 0, epoch, 0));
}
