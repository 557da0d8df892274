/* Classes with an order: CORN (Shi, Cao and Raschka 2021). */
#include "models/head.h"
#include "nn/ops.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct OrdinalOptions {
    char order[OPTION_TEXT_BYTES];
} OrdinalOptions;

static const Option options[] = {
    {.key = "order",
     .type = OPTION_TEXT,
     .added = true,
     .offset = offsetof(OrdinalOptions, order),
     .fallback = "",
     .help = "all classes from the lowest to the highest, such as \"poor, fair, good\"; empty: as "
             "sorted in the pack, numbers by value"},
    {.key = NULL},
};

static int outputs(int classes)
{
    return classes - 1;
}

static int terms(int classes, int label)
{
    return nn_ordinal_terms(label, classes);
}

static Tensor *loss(Graph *graph, Tensor *logits, int index, const void *values,
                    const HeadFacts *facts)
{
    (void)values;
    return nn_ordinal_loss(graph, "ordinal", logits,
                           (OrdinalLoss){.head = index, .temperature = facts->temperature});
}

/* The place of a class's name among the first `count`; -1: it is not there. */
static int find(const char *const *name, int count, const char *wanted, size_t length)
{
    for (int k = 0; k < count; k++)
        if (strlen(name[k]) == length && memcmp(name[k], wanted, length) == 0) return k;
    return -1;
}

/* The next name between commas, without spaces around it. */
static const char *next_name(const char **at, size_t *length)
{
    const char *begin = *at + strspn(*at, " ,");
    size_t bytes = strcspn(begin, ",");
    *at = begin + bytes;
    while (bytes > 0 && begin[bytes - 1] == ' ') bytes--;
    *length = bytes;
    return bytes > 0 ? begin : NULL;
}

/* Brings each named class to its place by a swap; those behind are the ones that are not named yet. */
static bool arrange(const char **name, int classes, const void *values, Error *err)
{
    const OrdinalOptions *given = values;
    const char *at = given->order, *wanted;
    size_t length;
    int placed = 0;
    if (!*given->order) return true;
    while ((wanted = next_name(&at, &length))) {
        int found = find(name, classes, wanted, length);
        if (found < 0)
            return error_set(err, ERROR_USAGE, "order: there is no class \"%.*s\"", (int)length,
                             wanted);
        if (found < placed)
            return error_set(err, ERROR_USAGE, "order: names \"%.*s\" twice", (int)length, wanted);
        const char *moved = name[found];
        name[found] = name[placed];
        name[placed++] = moved;
    }
    return placed == classes ||
           error_set(err, ERROR_USAGE, "order: names %d of %d classes; \"%s\" is missing", placed,
                     classes, name[placed]);
}

const HeadType head_ordinal = {.name = "ordinal",
                               .label = LABEL_CLASS,
                               .least_classes = 2,
                               .measure = MEASURE_RANK,
                               .options = options,
                               .options_bytes = sizeof(OrdinalOptions),
                               .outputs = outputs,
                               .loss = loss,
                               .terms = terms,
                               .arrange = arrange};
