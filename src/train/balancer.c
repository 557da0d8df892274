/* The table of balancers. */
#include "train/balancer.h"

#include <string.h>

/* One row for each file balancer_X.c, which defines balancer_X. */
#define BALANCER_ROWS(ROW) ROW(fixed) ROW(uncertainty) ROW(dwa) ROW(gradnorm) ROW(pcgrad)

#define DECLARE(name) extern const BalancerType balancer_##name;
BALANCER_ROWS(DECLARE)

#define ADDRESS(name) &balancer_##name,
static const BalancerType *const table[] = {BALANCER_ROWS(ADDRESS)};

#define NAME(name) #name,
const char *const balancer_names[] = {BALANCER_ROWS(NAME) NULL};

const BalancerType *balancer_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

void balancer_create(Balancer *balancer, const BalancerType *type, const void *options, int heads,
                     const double *given, Arena *run)
{
    *balancer = (Balancer){.type = type, .options = options, .heads = heads};
    balancer->given = arena_new(run, double, heads + 1);
    balancer->factor = arena_new(run, double, heads + 1);
    memcpy(balancer->given, given, sizeof *given * (size_t)heads);
    balancer->state = arena_new(run, double, balancer_numbers(balancer) + 1);
    if (type->begin) type->begin(balancer);
}

size_t balancer_numbers(const Balancer *balancer)
{
    return (size_t)balancer->heads * (size_t)balancer->type->numbers_per_head;
}
