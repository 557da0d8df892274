/* A projected gradient is a sum over the heads' own ones, so its coefficients are all that has to be kept. */
#include "tap_project.h"

#include <string.h>

size_t tap_project_doubles(int heads)
{
    return 2 * (size_t)heads +
           ((size_t)heads + 1) / 2; /* coefficients, those of one head, its order */
}

/* Fisher-Yates. */
static void shuffle(int *order, int count, Random *random)
{
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j = (int)random_below(random, (uint32_t)i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

static void project_away(double *own, const double *product, int heads, int other)
{
    const double *with = product + (size_t)other * (size_t)heads;
    double inner = 0;
    for (int i = 0; i < heads; i++) inner += own[i] * with[i];
    if (inner < 0 && with[other] > 0) own[other] -= inner / with[other];
}

void tap_project(double *coefficient, const double *product, int heads, Random *random)
{
    double *own = coefficient + heads;
    int *order = (int *)(void *)(own + heads);
    memset(coefficient, 0, sizeof *coefficient * (size_t)heads);
    for (int h = 0; h < heads; h++) {
        memset(own, 0, sizeof *own * (size_t)heads);
        own[h] = 1;
        shuffle(order, heads, random);
        for (int i = 0; i < heads; i++)
            if (order[i] != h) project_away(own, product, heads, order[i]);
        for (int i = 0; i < heads; i++) coefficient[i] += own[i];
    }
}
