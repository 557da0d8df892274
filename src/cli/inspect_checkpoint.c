/* A checkpoint as a person, or with --json a program, wants to see it. */
#include "frame.h"
#include "inspect.h"
#include "io/json.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/front.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_SHOWN = 8 };

static size_t count_floats(const Checkpoint *checkpoint, const char *group, const char *prefix)
{
    size_t count = 0;
    for (int i = 0; i < checkpoint->arrays; i++) {
        const CheckpointArray *array = &checkpoint->array[i];
        if (strcmp(array->group, group) == 0 && strncmp(array->name, prefix, strlen(prefix)) == 0)
            count += shape_count(array->shape);
    }
    return count;
}

/* What both forms show. */
typedef struct Facts {
    const char *path;
    const Checkpoint *checkpoint;
    char digest[HASH_TEXT_BYTES], pack[HASH_TEXT_BYTES];
    Config config;
    Front front; /* of no points, if the run has kept none */
} Facts;

/* --- for people --- */

static void print_lines(const char *text, const char *indent)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        printf("%s%.*s\n", indent, (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void print_classes(const CheckpointHead *head, bool all)
{
    if (head->classes == 0) return;
    int shown = all || head->classes <= CLASSES_SHOWN + 2 ? head->classes : CLASSES_SHOWN;
    printf("   ");
    for (int k = 0; k < shown; k++) printf("%s %s", k ? "," : "", head->class_name[k]);
    if (shown < head->classes) printf(", … and %d more (--all shows them)", head->classes - shown);
    printf("\n");
}

static const HeadType *type_of(const Facts *facts, const CheckpointHead *head)
{
    for (int h = 0; h < facts->config.head_count; h++)
        if (strcmp(facts->config.heads[h].name, head->name) == 0 && facts->config.heads[h].type)
            return facts->config.heads[h].type;
    return head_for(LABEL_CLASS);
}

static void print_best(double best, bool is_error)
{
    if (best >= 0)
        printf(is_error ? "mean error %.6g\n" : "%.2f%%\n", is_error ? best : 100 * best);
    else
        printf("not evaluated yet\n");
}

static bool is_error(const Facts *facts, int head)
{
    return !head_judges(type_of(facts, &facts->checkpoint->head[head])->measure);
}

static void print_merit(double merit, bool is_error)
{
    char text[32] = "-";
    if (isfinite(merit) && is_error)
        snprintf(text, sizeof text, "%.6g", -merit);
    else if (isfinite(merit))
        snprintf(text, sizeof text, "%.2f%%", 100 * merit);
    printf("  %12s", text);
}

static void print_front(const Facts *facts)
{
    const ParetoFront *pareto = &facts->front.pareto;
    if (pareto->points == 0) return;
    printf("\nValidations that no other beats in every head; those with a * as checkpoints "
           "pareto-STEP\n"
           "  %-12s",
           "step");
    for (int h = 0; h < pareto->heads; h++) printf("  %12.12s", facts->checkpoint->head[h].name);
    printf("\n");
    for (size_t p = 0; p < pareto->points; p++) {
        printf("  %-10" PRIu64 " %s", pareto->point[p].step, pareto->point[p].kept ? "*" : " ");
        for (int h = 0; h < pareto->heads; h++)
            print_merit(pareto->merit[p * (size_t)pareto->heads + (size_t)h], is_error(facts, h));
        printf("\n");
    }
}

static void print_facts(const Facts *facts, bool all)
{
    const Checkpoint *c = facts->checkpoint;
    printf("%s: checkpoint, version %d\n", facts->path, CHECKPOINT_VERSION);
    printf("  %-12s step %" PRIu64 ", epoch %" PRIu64 " of %d, %" PRIu64 " updates, %" PRIu64
           " steps skipped\n",
           "progress", c->step, c->epoch, facts->config.epochs, c->updates, c->skipped);
    printf("  %-12s %s at %d x %d pixels: %zu parameters, of which %zu in the heads\n", "trunk",
           facts->config.trunk->kinds[facts->config.trunk_kind], facts->config.image,
           facts->config.image, count_floats(c, "param", ""), count_floats(c, "param", "heads."));
    printf("  %-12s %s\n  %-12s %s, hash %s\n", "digest", facts->digest, "pack", facts->config.pack,
           facts->pack);
    printf("\nHeads, with the best score on the validation images\n");
    for (int h = 0; h < c->heads; h++) {
        const HeadType *type = type_of(facts, &c->head[h]);
        printf("  %-16s %-10s ", c->head[h].name, type->name);
        if (c->head[h].classes)
            printf("%6d classes  ", c->head[h].classes);
        else
            printf("%14s  ", "values");
        print_best(c->best[h], type->label == LABEL_VALUE);
        if (c->head[h].facts.temperature > 0)
            printf("    calibrated: temperature %.4g\n", c->head[h].facts.temperature);
        print_classes(&c->head[h], all);
    }
    printf("  %-16s %27s", "all right", "");
    print_best(c->best[c->heads], false);
    print_front(facts);
    printf("\nWritten by\n");
    print_lines(c->provenance, "  ");
    printf("\nConfiguration\n");
    print_lines(c->config, "  ");
}

/* --- for programs --- */

static void json_head(Json *json, const CheckpointHead *head, const HeadType *type, double best)
{
    bool values = type->label == LABEL_VALUE;
    json_begin(json, head->name);
    json_add_text(json, "kind", type->name);
    if (best >= 0) json_add_real(json, values ? "best_error" : "best_accuracy", best);
    if (values) {
        json_add_real(json, "mean", head->facts.mean);
        json_add_real(json, "deviation", head->facts.deviation);
    }
    if (head->facts.temperature > 0) json_add_real(json, "temperature", head->facts.temperature);
    if (head->facts.class_weight) {
        json_begin_array(json, "class_weights");
        for (int k = 0; k < head->classes; k++)
            json_add_real(json, NULL, head->facts.class_weight[k]);
        json_end(json);
    }
    json_begin_array(json, "classes");
    for (int k = 0; k < head->classes; k++) json_add_text(json, NULL, head->class_name[k]);
    json_end(json);
    json_end(json);
}

static void json_front(Json *json, const Facts *facts)
{
    const ParetoFront *pareto = &facts->front.pareto;
    if (pareto->points == 0) return;
    json_begin_array(json, "pareto");
    for (size_t p = 0; p < pareto->points; p++) {
        json_begin(json, NULL);
        json_add_integer(json, "step", (int64_t)pareto->point[p].step);
        json_add_bool(json, "kept", pareto->point[p].kept);
        json_begin(json, "heads");
        for (int h = 0; h < pareto->heads; h++) {
            double merit = pareto->merit[p * (size_t)pareto->heads + (size_t)h];
            json_add_real(json, facts->checkpoint->head[h].name,
                          is_error(facts, h) ? -merit : merit);
        }
        json_end(json);
        json_end(json);
    }
    json_end(json);
}

static void json_facts(const Facts *facts)
{
    const Checkpoint *c = facts->checkpoint;
    Json *json = json_create();
    json_add_text(json, "kind", "checkpoint");
    json_add_text(json, "path", facts->path);
    json_add_integer(json, "version", CHECKPOINT_VERSION);
    json_add_integer(json, "step", (int64_t)c->step);
    json_add_integer(json, "epoch", (int64_t)c->epoch);
    json_add_integer(json, "updates", (int64_t)c->updates);
    json_add_integer(json, "skipped", (int64_t)c->skipped);
    json_add_text(json, "trunk", facts->config.trunk->kinds[facts->config.trunk_kind]);
    json_add_integer(json, "image", facts->config.image);
    json_add_integer(json, "parameters", (int64_t)count_floats(c, "param", ""));
    json_add_integer(json, "statistics", (int64_t)count_floats(c, "state", ""));
    json_add_text(json, "digest", facts->digest);
    json_add_text(json, "pack", facts->config.pack);
    json_add_text(json, "pack_hash", facts->pack);
    json_begin(json, "heads");
    for (int h = 0; h < c->heads; h++)
        json_head(json, &c->head[h], type_of(facts, &c->head[h]), c->best[h]);
    json_end(json);
    if (c->best[c->heads] >= 0) json_add_real(json, "best_joint_accuracy", c->best[c->heads]);
    json_front(json, facts);
    json_add_text(json, "provenance", c->provenance);
    json_add_text(json, "config", c->config);
    put_json(json);
}

bool inspect_checkpoint(const char *path, const InspectOptions *options, Error *err)
{
    Arena *arena = arena_create("checkpoint");
    Checkpoint checkpoint;
    Hash128 digest;
    Facts facts = {.path = path, .checkpoint = &checkpoint};
    bool ok = checkpoint_load(&checkpoint, path, arena, err) &&
              checkpoint_digest(&checkpoint, &digest, err) &&
              config_parse(&facts.config, arena, checkpoint.config, path, err);
    if (ok) {
        facts.front = front_begin(checkpoint.heads, arena);
        ok =
            front_from_numbers(&facts.front, checkpoint.front.value, checkpoint.front.count, err) ||
            error_context(err, "%s", path);
    }
    if (ok) {
        hash_print(digest, facts.digest);
        hash_print(checkpoint.pack, facts.pack);
        if (options->json)
            json_facts(&facts);
        else
            print_facts(&facts, options->all);
    }
    arena_destroy(arena);
    return ok;
}
