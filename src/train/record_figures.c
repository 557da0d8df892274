/* The numbers of a record. */
#include "train/record_figures.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 1024 };

/* Where a walk is. */
typedef struct Walk {
    const char *split, *head;
    const char *prefix; /* of names: "time." */
    RecordVisitor *visit;
    void *context;
} Walk;

static void tell(const Walk *walk, const char *name, const JsonValue *value)
{
    RecordFigure figure = {.split = walk->split, .head = walk->head, .name = name};
    if (json_get_real(value, &figure.value)) walk->visit(walk->context, &figure);
}

static bool visit_member(void *context, const char *key, const JsonValue *value)
{
    const Walk *walk = context;
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s%s", walk->prefix, key);
    tell(walk, name, value);
    if (json_members(value) > 0) {
        Walk inner = *walk;
        strncat(name, ".", sizeof name - strlen(name) - 1);
        inner.prefix = name;
        json_visit(value, visit_member, &inner);
    }
    return true;
}

static bool visit_head(void *context, const char *key, const JsonValue *value)
{
    Walk inner = *(const Walk *)context;
    inner.head = key;
    json_visit(value, visit_member, &inner);
    return true;
}

/* Heads by number, with a triangle of cosines. */
static void visit_interference(const Walk *walk, const JsonValue *interference)
{
    const JsonValue *heads = json_member(interference, "heads");
    const JsonValue *norms = json_member(interference, "norms");
    const JsonValue *cosines = json_member(interference, "cosines");
    size_t count;
    json_elements(heads, &count);
    for (size_t i = 0; i < count; i++) {
        Walk inner = *walk;
        inner.head = json_get_text(json_element(heads, i));
        if (!inner.head) continue;
        tell(&inner, "norm", json_element(norms, i));
        for (size_t j = 0; j < i; j++) {
            char name[NAME_BYTES];
            const char *other = json_get_text(json_element(heads, j));
            snprintf(name, sizeof name, "cosine.%s", other ? other : "");
            tell(&inner, name, json_element(json_element(cosines, i), j));
        }
    }
}

static bool visit_top(void *context, const char *key, const JsonValue *value)
{
    const Walk *walk = context;
    if (strcmp(key, "step") == 0 || strcmp(key, "epoch") == 0) return true;
    if (strcmp(key, "interference") == 0)
        visit_interference(walk, value);
    else if (strcmp(key, "heads") == 0)
        json_visit(value, visit_head, context);
    else
        visit_member(context, key, value);
    return true;
}

void record_figures(const JsonValue *record, RecordVisitor *visit, void *context)
{
    static const char *const kinds[][2] = {{"train", "train"}, {"val", "val"}, {"epoch", "train"}};
    const char *kind = json_get_text(json_member(record, "kind"));
    for (size_t k = 0; kind && k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(kind, kinds[k][0]) == 0)
            json_visit(
                record, visit_top,
                &(Walk){.split = kinds[k][1], .prefix = "", .visit = visit, .context = context});
}
