/* One class of several: softmax with cross-entropy or focal loss. */
#include "class_weights.h"
#include "nn/ops.h"

#include <math.h>
#include <stddef.h>

enum { CROSS_ENTROPY, FOCAL };
static const char *const losses[] = {"cross_entropy", "focal", NULL};
enum { EQUAL, INVERSE, EFFECTIVE };
static const char *const weightings[] = {"none", "inverse", "effective", NULL};

typedef struct SoftmaxOptions {
    int loss, class_weights;
    double smoothing, gamma, beta;
    char class_factors[OPTION_TEXT_BYTES];
} SoftmaxOptions;

#define AT(member) offsetof(SoftmaxOptions, member)
static const Option options[] = {
    {.key = "loss",
     .type = OPTION_CHOICE,
     .added = true,
     .offset = AT(loss),
     .fallback = "cross_entropy",
     .choices = losses,
     .help = "focal: less weight for images that are right anyway"},
    {.key = "smoothing",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(smoothing),
     .fallback = "0",
     .low = 0,
     .high = 0.99,
     .help = "share of each label that is spread over all classes; of cross_entropy"},
    {.key = "gamma",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(gamma),
     .fallback = "2",
     .low = 0.01,
     .high = 20,
     .help = "exponent of the focal loss"},
    {.key = "class_weights",
     .type = OPTION_CHOICE,
     .added = true,
     .offset = AT(class_weights),
     .fallback = "none",
     .choices = weightings,
     .help = "of labels by how many images the class has in training: 1 / n, or by the effective "
             "number"},
    {.key = "beta",
     .type = OPTION_FLOAT,
     .added = true,
     .offset = AT(beta),
     .fallback = "0.999",
     .low = 0,
     .high = 0.9999999,
     .help = "of the effective number (1 - beta^n) / (1 - beta)"},
    {.key = "class_factors",
     .type = OPTION_TEXT,
     .added = true,
     .offset = AT(class_factors),
     .fallback = "",
     .help = "factors on the weights of single classes, such as \"bolt=2, nut=0.5\""},
    {.key = NULL},
};
#undef AT

static bool check(const void *values, Error *err)
{
    const SoftmaxOptions *given = values;
    return given->loss != FOCAL || given->smoothing == 0 ||
           error_set(err, ERROR_USAGE, "smoothing: is of cross_entropy; leave it or focal out");
}

static int outputs(int classes)
{
    return classes;
}

static int terms(int classes, int label)
{
    (void)classes, (void)label;
    return 1;
}

static Tensor *loss(Graph *graph, Tensor *logits, int index, const void *values,
                    const HeadFacts *facts)
{
    const SoftmaxOptions *given = values;
    SoftmaxLoss loss = {.head = index, /* weights come with the targets */
                        .smoothing = (float)given->smoothing,
                        .temperature = facts->temperature};
    if (given->loss == FOCAL) loss.gamma = (float)given->gamma;
    return nn_softmax_loss(graph, "softmax", logits, loss);
}

/* Of a class with n training images, 1 at least. Effective number: Cui et al. 2019. */
static double weight_of(const SoftmaxOptions *given, double n)
{
    if (n < 1) n = 1;
    if (given->class_weights == INVERSE) return 1 / n;
    if (given->class_weights == EFFECTIVE) return (1 - given->beta) / (1 - pow(given->beta, n));
    return 1;
}

/* Their scale does not matter to the loss, which is divided by their sum; a mean of 1 over the training labels
 * makes them readable. */
static void scale_to_mean(double *weight, const double *count, int classes)
{
    double labels = 0, sum = 0;
    for (int k = 0; k < classes; k++) {
        labels += count[k];
        sum += count[k] * weight[k];
    }
    for (int k = 0; k < classes && sum > 0; k++) weight[k] *= labels / sum;
}

static bool learn(HeadFacts *facts, const void *values, const TrainingLabels *labels, Arena *run,
                  Error *err)
{
    const SoftmaxOptions *given = values;
    int classes = labels->group->classes;
    if (given->class_weights == EQUAL && !*given->class_factors) return true;
    double *count = arena_new(run, double, classes), *weight = arena_new(run, double, classes);
    class_counts(count, labels);
    for (int k = 0; k < classes; k++) weight[k] = weight_of(given, count[k]);
    scale_to_mean(weight, count, classes);
    facts->class_weight = weight;
    return class_factors(weight, labels->group, given->class_factors, err);
}

const HeadType head_softmax = {.name = "softmax",
                               .label = LABEL_CLASS,
                               .least_classes = 2,
                               .measure = MEASURE_CLASS,
                               .options = options,
                               .options_bytes = sizeof(SoftmaxOptions),
                               .check = check,
                               .outputs = outputs,
                               .loss = loss,
                               .terms = terms,
                               .learn = learn};
