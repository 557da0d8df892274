/* Any number of classes at once: a sigmoid each, with binary cross-entropy or asymmetric loss. */
#include "class_weights.h"
#include "nn/ops.h"

#include <stddef.h>

enum { CROSS_ENTROPY, ASYMMETRIC };
static const char *const losses[] = {"bce", "asymmetric", NULL};
enum { EQUAL, BALANCED };
static const char *const weightings[] = {"none", "balanced", NULL};

typedef struct SigmoidOptions {
    int loss, positive_weights;
    double gamma_positive, gamma_negative, margin, most;
    char class_factors[OPTION_TEXT_BYTES];
} SigmoidOptions;

#define AT(member) offsetof(SigmoidOptions, member)
static const Option options[] = {
    {.key = "loss",
     .type = OPTION_CHOICE,
     .added = true,
     .offset = AT(loss),
     .fallback = "bce",
     .choices = losses,
     .help = "binary cross-entropy, or asymmetric: less weight for what is easily ruled out"},
    {.key = "positive_weights",
     .type = OPTION_CHOICE,
     .added = true,
     .offset = AT(positive_weights),
     .fallback = "none",
     .choices = weightings,
     .help =
         "of a class where it holds; balanced: images without it / images with it, in training"},
    {.key = "positive_most",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(most),
     .fallback = "100",
     .low = 1,
     .high = 1e6,
     .help = "largest balanced weight"},
    {.key = "class_factors",
     .type = OPTION_TEXT,
     .added = true,
     .offset = AT(class_factors),
     .fallback = "",
     .help = "factors on the positive weights of single classes, such as \"bolt=2, nut=0.5\""},
    {.key = "gamma_positive",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(gamma_positive),
     .fallback = "1",
     .low = 0,
     .high = 20,
     .help = "exponent of the asymmetric loss where a class holds"},
    {.key = "gamma_negative",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(gamma_negative),
     .fallback = "4",
     .low = 0,
     .high = 20,
     .help = "exponent of the asymmetric loss where it does not"},
    {.key = "margin",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(margin),
     .fallback = "0.05",
     .low = 0,
     .high = 0.5,
     .help = "probability below which the asymmetric loss rests where a class does not hold"},
    {.key = NULL},
};
#undef AT

static int outputs(int classes)
{
    return classes;
}

static int terms(int classes, int label)
{
    (void)label;
    return classes;
}

static Tensor *loss(Graph *graph, Tensor *logits, int index, const void *values,
                    const HeadFacts *facts)
{
    const SigmoidOptions *given = values;
    SigmoidLoss loss = {
        .head = index, .positive_weight = facts->class_weight, .temperature = facts->temperature};
    if (given->loss == ASYMMETRIC) {
        loss.gamma_positive = (float)given->gamma_positive;
        loss.gamma_negative = (float)given->gamma_negative;
        loss.margin = (float)given->margin;
    }
    return nn_sigmoid_loss(graph, "sigmoid", logits, loss);
}

static double weight_of(const SigmoidOptions *given, double with, double all)
{
    if (given->positive_weights == EQUAL) return 1;
    double weight = (all - with) / (with > 0 ? with : 1);
    return weight < given->most ? weight : given->most;
}

static bool learn(HeadFacts *facts, const void *values, const TrainingLabels *labels, Arena *run,
                  Error *err)
{
    const SigmoidOptions *given = values;
    int classes = labels->group->classes;
    if (given->positive_weights == EQUAL && !*given->class_factors) return true;
    double known = 0, *weight = arena_new(run, double, classes);
    for (size_t i = 0; i < labels->records; i++)
        known += label_is_known(labels->group, labels->record[i]);
    class_counts(weight, labels);
    for (int k = 0; k < classes; k++) weight[k] = weight_of(given, weight[k], known);
    facts->class_weight = weight;
    return class_factors(weight, labels->group, given->class_factors, err);
}

const HeadType head_sigmoid = {.name = "sigmoid",
                               .label = LABEL_MULTI,
                               .least_classes = 1,
                               .measure = MEASURE_SET,
                               .options = options,
                               .options_bytes = sizeof(SigmoidOptions),
                               .outputs = outputs,
                               .loss = loss,
                               .terms = terms,
                               .learn = learn};
