/* Order of training samples. */
#include "data/sampler.h"

#include "base/random.h"

#include <string.h>

void sampler_order(uint32_t *order, const uint32_t *records, size_t count, uint64_t seed,
                   uint64_t epoch)
{
    Random random = random_at(seed, RANDOM_ORDER, 0, epoch, 0);
    memcpy(order, records, sizeof *order * count);
    for (size_t i = count; i-- > 1;) {
        size_t j = random_below(&random, (uint32_t)i + 1);
        uint32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}
