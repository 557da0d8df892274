/* What trials are compared by. */
#include "sweep/metric.h"

#include "train/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool has_labels(const Pack *pack, const char *head)
{
    size_t count;
    const uint32_t *record = pack_split(pack, SPLIT_VAL, &count);
    const LabelGroup *group = pack_group(pack, pack_find_group(pack, head));
    for (size_t i = 0; i < count; i++)
        if (label_is_known(group, record[i])) return true;
    return false;
}

static bool judges(const HeadConfig *head)
{
    return head_judges(head->type->measure);
}

/* Whether any head can be right or wrong about validation images. */
static bool has_joint(const Config *config, const Pack *pack)
{
    for (int h = 0; h < config->head_count; h++)
        if (judges(&config->heads[h]) && has_labels(pack, config->heads[h].name)) return true;
    return false;
}

static bool choose_head(Metric *metric, const Config *config, const Pack *pack, Error *err)
{
    int index = config_find_head(config, metric->name);
    if (index < 0)
        return error_set(err, ERROR_USAGE,
                         "--metric: must be joint, loss or the name of a head, not \"%s\"",
                         metric->name);
    const HeadConfig *head = &config->heads[index];
    metric->is_error = !judges(head);
    metric->figure = metric->is_error                     ? "mae"
                     : head->type->measure == MEASURE_SET ? "micro_f1"
                                                          : "top1";
    return has_labels(pack, head->name) ||
           error_set(
               err, ERROR_DATA,
               "%s: no validation image has a label of %s, by which trials are to be compared",
               pack_path(pack), head->name);
}

bool metric_choose(Metric *metric, const char *name, const Config *config, const Pack *pack,
                   Error *err)
{
    bool joint = has_joint(config, pack);
    if (!name) name = joint ? "joint" : "loss";
    *metric = (Metric){.is_error = strcmp(name, "loss") == 0};
    snprintf(metric->name, sizeof metric->name, "%s", name);
    if (metric->is_error) return true;
    if (strcmp(name, "joint") != 0) return choose_head(metric, config, pack, err);
    return joint ||
           error_set(err, ERROR_USAGE,
                     "--metric: joint is an accuracy, but no head can be right or wrong about "
                     "validation images; choose loss or the name of a head");
}

typedef struct Sum {
    double total;
    int count;
} Sum;

static bool add_loss(void *context, const char *name, const JsonValue *head)
{
    Sum *sum = context;
    double loss;
    (void)name;
    sum->count++;
    if (!json_get_real(json_member(head, "loss"), &loss)) return false;
    sum->total += loss;
    return true;
}

static bool mean_loss(const JsonValue *heads, double *loss)
{
    Sum sum = {0};
    if (!json_visit(heads, add_loss, &sum) || sum.count == 0) return false;
    *loss = sum.total / sum.count;
    return true;
}

bool metric_read(const Metric *metric, const JsonValue *record, double *score)
{
    const JsonValue *heads = json_member(record, "heads");
    const JsonValue *value = metric->figure
                                 ? json_member(json_member(heads, metric->name), metric->figure)
                                 : json_member(json_member(record, "joint"), "accuracy");
    bool is_loss = !metric->figure && metric->is_error;
    return (is_loss ? mean_loss(heads, score) : json_get_real(value, score)) && isfinite(*score);
}

double metric_merit(const Metric *metric, double score)
{
    return metric->is_error ? -score : score;
}
