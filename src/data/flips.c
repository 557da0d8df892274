/* Rules of flips for the labels of a group. */
#include "data/flips.h"

#include "base/option.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ARROW[] = "<->";

/* The class whose name is the `length` bytes at `name`; -1 with an error: there is none. */
static int find_class(const LabelGroup *group, const char *name, size_t length, Error *err)
{
    char text[OPTION_TEXT_BYTES];
    snprintf(text, sizeof text, "%.*s", (int)length, name);
    for (int k = 0; k < group->classes; k++)
        if (strcmp(group->class_name[k], text) == 0) return k;
    const char *near = option_nearest(text, group->class_name, group->classes);
    error_set(err, ERROR_USAGE, "label group %s has no class \"%s\"%s%s%s", group->name, text,
              near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return -1;
}

static bool set_once(int32_t *becomes, int class, int32_t to, const LabelGroup *group, Error *err)
{
    if (becomes[class] != class)
        return error_set(err, ERROR_USAGE, "class \"%s\" has two rules", group->class_name[class]);
    becomes[class] = to;
    return true;
}

static bool parse_rule(const char *rule, size_t length, const LabelGroup *group, int32_t *becomes,
                       Error *err)
{
    const char *arrow = memmem(rule, length, ARROW, strlen(ARROW));
    if (arrow) {
        const char *second = arrow + strlen(ARROW);
        int a = find_class(group, rule, (size_t)(arrow - rule), err);
        int b = find_class(group, second, (size_t)(rule + length - second), err);
        return a >= 0 && b >= 0 && set_once(becomes, a, b, group, err) &&
               (a == b || set_once(becomes, b, a, group, err));
    }
    if (*rule == '!') {
        int class = find_class(group, rule + 1, length - 1, err);
        return class >= 0 && set_once(becomes, class, FLIP_FORBIDDEN, group, err);
    }
    return error_set(err, ERROR_USAGE,
                     "\"%.*s\" is no rule; write A<->B for classes that change places, !A for one "
                     "that must not be turned over, or never",
                     (int)length, rule);
}

static bool parse_classes(const char *rules, const LabelGroup *group, int32_t *becomes, Error *err)
{
    bool ok = true;
    size_t length = strlen(rules);
    const char *end = rules + length;
    if (length >= 2 && rules[0] == '[' && end[-1] == ']') rules++, end--;
    while (rules < end) {
        size_t rule = strcspn(rules, ",");
        if (rule > (size_t)(end - rules)) rule = (size_t)(end - rules);
        const char *first = rules + strspn(rules, " "), *last = rules + rule;
        while (last > first && last[-1] == ' ') last--;
        if (last > first) ok &= parse_rule(first, (size_t)(last - first), group, becomes, err);
        rules += rule + 1;
    }
    return ok;
}

/* "180 - x", or "-x" for a sum of 0. */
static bool parse_sum(const char *text, double *sum)
{
    char *end;
    *sum = strtod(text, &end);
    end += strspn(end, " ");
    if (*end++ != '-') return false;
    end += strspn(end, " ");
    return strcmp(end, "x") == 0 && isfinite(*sum);
}

static bool parse_values(const char *text, const LabelGroup *group, FlipRule *rule, Error *err)
{
    if (strcmp(text, "x") == 0) return true;
    rule->mirrored = parse_sum(text, &rule->sum);
    return rule->mirrored ||
           error_set(
               err, ERROR_USAGE,
               "the labels of group %s are numbers, for which \"%s\" is no rule; write 180 - x "
               "or the like for a number that is mirrored, x for one that stays as it is, or "
               "never",
               group->name, text);
}

bool flips_parse(const char *rules, const LabelGroup *group, FlipRule *rule, Error *err)
{
    bool never = strcmp(rules, "never") == 0, values = group->kind == LABEL_VALUE;
    for (int k = 0; k < (values ? 1 : group->classes); k++)
        rule->becomes[k] = never ? FLIP_FORBIDDEN : k;
    rule->mirrored = false;
    if (never || !*rules) return true;
    return values ? parse_values(rules, group, rule, err)
                  : parse_classes(rules, group, rule->becomes, err);
}

double flips_value(const FlipRule *rule, double value)
{
    if (!rule->mirrored) return value;
    double mirrored = rule->sum - value;
    if (rule->period > 0) {
        mirrored -= rule->period * floor(mirrored / rule->period);
        if (mirrored >= rule->period) mirrored = 0; /* a little below 0 has been rounded up */
    }
    return mirrored;
}
