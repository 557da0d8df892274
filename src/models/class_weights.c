/* Weights of classes. */
#include "class_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void class_counts(double *count, const TrainingLabels *labels)
{
    for (int k = 0; k < labels->group->classes; k++) count[k] = 0;
    for (size_t i = 0; i < labels->records; i++) {
        int classes;
        const int32_t *class = label_classes(labels->group, labels->record[i], &classes);
        for (int j = 0; j < classes; j++) count[class[j]]++;
    }
}

static int find_class(const LabelGroup *group, const char *name)
{
    for (int k = 0; k < group->classes; k++)
        if (strcmp(group->class_name[k], name) == 0) return k;
    return -1;
}

/* One "NAME=FACTOR", which is cut at its last sign. */
static bool apply_factor(double *weight, const LabelGroup *group, char *text, Error *err)
{
    char *end, *sign = strrchr(text, '=');
    double factor = sign ? strtod(sign + 1, &end) : -1;
    if (!sign || end == sign + 1 || *end || !(factor >= 0 && factor <= 1e6))
        return error_set(err, ERROR_USAGE,
                         "class_factors: \"%s\" must be CLASS=FACTOR, with a factor from 0 to 1e6",
                         text);
    *sign = 0;
    int class = find_class(group, text);
    if (class < 0) {
        const char *near = option_nearest(text, group->class_name, group->classes);
        return error_set(err, ERROR_USAGE, "class_factors: there is no class \"%s\"%s%s%s", text,
                         near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    weight[class] *= factor;
    return true;
}

bool class_factors(double *weight, const LabelGroup *group, const char *text, Error *err)
{
    char copy[OPTION_TEXT_BYTES], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *piece = strtok_r(copy, ",", &rest); piece; piece = strtok_r(NULL, ",", &rest)) {
        piece += strspn(piece, " ");
        for (size_t n = strlen(piece); n > 0 && piece[n - 1] == ' '; n--) piece[n - 1] = 0;
        if (*piece && !apply_factor(weight, group, piece, err)) return false;
    }
    return true;
}
