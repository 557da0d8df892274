/* What umbel pack has made, for people and for programs. */
#include "pack_summary.h"

#include "frame.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static size_t count_missing(const Pack *pack, const LabelGroup *group)
{
    size_t missing = 0;
    for (size_t r = 0; r < pack_records(pack); r++) missing += !label_is_known(group, r);
    return missing;
}

/* --- for people --- */

static void print_classes(const Pack *pack, const LabelGroup *group, size_t missing)
{
    size_t fewest = SIZE_MAX, most = 0, *count = calloc((size_t)group->classes, sizeof *count);
    int classes;
    for (size_t r = 0; count && r < pack_records(pack); r++) {
        const int32_t *class = label_classes(group, r, &classes);
        for (int k = 0; k < classes; k++) count[class[k]]++;
    }
    for (int k = 0; count && k < group->classes; k++) {
        fewest = count[k] < fewest ? count[k] : fewest;
        most = count[k] > most ? count[k] : most;
    }
    printf("  %-16s %6d classes%s of %zu to %zu images, %zu labels missing\n", group->name,
           group->classes, group->kind == LABEL_MULTI ? ", any number at once," : "", fewest, most,
           missing);
    free(count);
}

static void print_values(const Pack *pack, const LabelGroup *group, size_t missing)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t r = 0; r < pack_records(pack); r++) {
        if (group->value[r] < low) low = group->value[r];
        if (group->value[r] > high) high = group->value[r];
    }
    printf("  %-16s values from %g to %g, %zu labels missing\n", group->name, low, high, missing);
}

static void print_group(const Pack *pack, const LabelGroup *group)
{
    size_t missing = count_missing(pack, group);
    if (group->kind == LABEL_VALUE)
        print_values(pack, group, missing);
    else
        print_classes(pack, group, missing);
}

void pack_summary_print(const Pack *pack, const Listing *listing, const char *out)
{
    char rejects[4096];
    printf("%s: %zu images", pack_path(pack), pack_records(pack));
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        size_t count;
        pack_split(pack, split, &count);
        printf("%s %zu %s", split ? "," : ":", count, split_name(split));
    }
    printf("\n");
    for (int g = 0; g < pack_groups(pack); g++) print_group(pack, pack_group(pack, g));
    pack_rejects_path(rejects, sizeof rejects, out);
    if (listing->rejects > 0)
        printf("  %zu files rejected; %s lists them\n", listing->rejects, rejects);
}

/* --- for programs --- */

void pack_summary_print_json(const Pack *pack, const Listing *listing, const char *out)
{
    char rejects[4096];
    Json *json = json_create();
    json_add_text(json, "pack", pack_path(pack));
    json_add_integer(json, "images", (int64_t)pack_records(pack));
    json_begin(json, "splits");
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        size_t count;
        pack_split(pack, split, &count);
        json_add_integer(json, split_name(split), (int64_t)count);
    }
    json_end(json);
    json_begin(json, "labels");
    for (int g = 0; g < pack_groups(pack); g++) {
        const LabelGroup *group = pack_group(pack, g);
        json_begin(json, group->name);
        json_add_text(json, "kind", label_kind_name(group->kind));
        json_add_integer(json, "classes", group->classes);
        json_add_integer(json, "missing", (int64_t)count_missing(pack, group));
        json_end(json);
    }
    json_end(json);
    json_add_integer(json, "rejected", (int64_t)listing->rejects);
    pack_rejects_path(rejects, sizeof rejects, out);
    if (listing->rejects > 0) json_add_text(json, "rejects", rejects);
    put_json(json);
}
