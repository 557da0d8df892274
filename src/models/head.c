/* The table of heads. The first of a kind of label is the one that such labels usually get. */
#include "models/head.h"

#include <string.h>

/* One row for each file head_X.c, which defines head_X. */
#define HEAD_ROWS(ROW)                                                                             \
    ROW(head_softmax)                                                                              \
    ROW(head_sigmoid)                                                                              \
    ROW(head_ordinal)                                                                              \
    ROW(head_regression)                                                                           \
    ROW(head_circular)

#define DECLARE(type) extern const HeadType type;
HEAD_ROWS(DECLARE)

#define ADDRESS(type) &type,
static const HeadType *const table[] = {HEAD_ROWS(ADDRESS)};

enum { HEADS = sizeof table / sizeof *table };

const char *const head_pools[] = {"features", "attention", NULL};

const HeadType *head_find(const char *name)
{
    for (int i = 0; i < HEADS; i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

const HeadType *head_for(LabelKind label)
{
    for (int i = 0; i < HEADS; i++)
        if (table[i]->label == label) return table[i];
    return NULL;
}

const char *const *head_kinds(void)
{
    static const char *names[HEADS + 1];
    for (int i = 0; i < HEADS; i++) names[i] = table[i]->name;
    return names;
}
