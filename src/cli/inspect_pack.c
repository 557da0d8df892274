/* A pack as a person, or with --json a program, wants to see it. */
#include "data/pack.h"
#include "frame.h"
#include "inspect.h"
#include "io/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_SHOWN = 10 };

/* Images of one class, by split. */
typedef struct ClassCount {
    int class;
    size_t split[SPLIT_COUNT], all;
} ClassCount;

typedef struct GroupCount {
    const LabelGroup *group;
    ClassCount *class;           /* (classes), most frequent first */
    double *value;               /* (values) of the labels, rising */
    size_t values, empty;        /* empty: images known to have no class */
    size_t missing[SPLIT_COUNT]; /* labels */
    size_t labelled;
} GroupCount;

typedef struct Spread {
    int least, median, most;
} Spread;

/* --- counting --- */

static int by_frequency(const void *a, const void *b)
{
    const ClassCount *x = a, *y = b;
    if (x->all != y->all) return x->all > y->all ? -1 : 1;
    return x->class - y->class;
}

static void count_record(GroupCount *count, size_t record, Split split)
{
    const LabelGroup *group = count->group;
    if (!label_is_known(group, record)) {
        count->missing[split]++;
        return;
    }
    count->labelled++;
    if (group->kind == LABEL_VALUE) {
        assert(group->value);
        count->value[count->values++] = group->value[record];
        return;
    }
    int classes;
    const int32_t *class = label_classes(group, record, &classes);
    count->empty += classes == 0;
    for (int k = 0; k < classes; k++) {
        count->class[class[k]].split[split]++;
        count->class[class[k]].all++;
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static GroupCount count_group(const Pack *pack, const LabelGroup *group)
{
    size_t records = pack_records(pack);
    GroupCount count = {.group = group,
                        .class = calloc((size_t)group->classes + 1, sizeof(ClassCount)),
                        .value = malloc(sizeof(double) * (group->value ? records : 1))};
    if (!count.class || !count.value) die("no memory to count label group %s", group->name);
    for (int k = 0; k < group->classes; k++) count.class[k].class = k;
    for (size_t r = 0; r < records; r++) count_record(&count, r, pack_split_of(pack, r));
    qsort(count.class, (size_t)group->classes, sizeof *count.class, by_frequency);
    qsort(count.value, count.values, sizeof *count.value, by_size);
    return count;
}

static size_t missing_labels(const GroupCount *count)
{
    size_t sum = 0;
    for (int s = 0; s < SPLIT_COUNT; s++) sum += count->missing[s];
    return sum;
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Of the widths (side 0) or heights (side 1). */
static Spread spread_of(const Pack *pack, int side)
{
    size_t count = pack_records(pack);
    int *value = malloc(count * sizeof *value);
    if (!value) die("no memory for %zu sizes", count);
    for (size_t r = 0; r < count; r++) {
        int size[2];
        pack_image_size(pack, r, &size[0], &size[1]);
        value[r] = size[side];
    }
    qsort(value, count, sizeof *value, by_value);
    Spread spread = {value[0], value[count / 2], value[count - 1]};
    free(value);
    return spread;
}

static uint64_t image_bytes(const Pack *pack)
{
    uint64_t bytes = 0;
    for (size_t r = 0; r < pack_records(pack); r++) bytes += pack_image_bytes(pack, r);
    return bytes;
}

/* --- for people --- */

static void print_spread(const char *what, Spread spread)
{
    printf("  %-10s %d to %d pixels, median %d\n", what, spread.least, spread.most, spread.median);
}

static void print_missing(const GroupCount *count)
{
    if (missing_labels(count))
        printf("  %-28s %9zu %9zu %9zu\n", "(missing)", count->missing[SPLIT_TRAIN],
               count->missing[SPLIT_VAL], count->missing[SPLIT_TEST]);
}

static void print_values(const GroupCount *count)
{
    printf("\n%s: values, %zu labelled, %zu missing\n", count->group->name, count->labelled,
           missing_labels(count));
    if (count->values)
        printf("  from %g to %g, median %g\n", count->value[0], count->value[count->values - 1],
               count->value[count->values / 2]);
    print_missing(count);
}

static void print_group(const GroupCount *count, bool all)
{
    const LabelGroup *group = count->group;
    assert(group);
    if (group->kind == LABEL_VALUE) {
        print_values(count);
        return;
    }
    printf("\n%s: %d classes%s, %zu labelled, %zu missing\n", group->name, group->classes,
           group->kind == LABEL_MULTI ? ", any number at once" : "", count->labelled,
           missing_labels(count));
    if (count->empty) printf("  %zu images have none of them\n", count->empty);
    printf("  %-28s %9s %9s %9s\n", "class", "train", "val", "test");
    int shown = all || group->classes <= CLASSES_SHOWN + 2 ? group->classes : CLASSES_SHOWN;
    for (int k = 0; k < shown; k++) {
        const ClassCount *class = &count->class[k];
        printf("  %-28s %9zu %9zu %9zu\n", group->class_name[class->class],
               class->split[SPLIT_TRAIN], class->split[SPLIT_VAL], class->split[SPLIT_TEST]);
    }
    if (shown < group->classes) {
        const ClassCount *last = &count->class[group->classes - 1];
        printf("  … and %d more, down to %zu images of %s (--all shows them)\n",
               group->classes - shown, last->all, group->class_name[last->class]);
    }
    print_missing(count);
}

static void print_parts(const Pack *pack)
{
    for (int f = 0; f < pack_files(pack); f++) {
        PackPart part = pack_part(pack, f);
        printf("  %-10s %s: %zu images\n", f ? "" : "files", part.path, part.records);
    }
}

static void print_pack(const Pack *pack, const GroupCount *count, bool all)
{
    char hash[HASH_TEXT_BYTES];
    hash_print(pack_hash(pack), hash);
    printf("%s: pack, version %d, written by %s\n", pack_path(pack), pack_version(pack),
           pack_creator(pack));
    if (pack_files(pack) > 1) print_parts(pack);
    printf("  %-10s %zu in %.1f MB\n", "images", pack_records(pack),
           (double)image_bytes(pack) / 1e6);
    print_spread("widths", spread_of(pack, 0));
    print_spread("heights", spread_of(pack, 1));
    printf("  %-10s", "splits");
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        size_t images;
        pack_split(pack, split, &images);
        printf("%s %s %zu", split ? "," : "", split_name(split), images);
    }
    printf("\n  %-10s %s\n", "hash", hash);
    for (int g = 0; g < pack_groups(pack); g++) print_group(&count[g], all);
}

/* --- for programs --- */

static void json_spread(Json *json, const char *key, Spread spread)
{
    json_begin(json, key);
    json_add_integer(json, "least", spread.least);
    json_add_integer(json, "median", spread.median);
    json_add_integer(json, "most", spread.most);
    json_end(json);
}

static void json_splits(Json *json, const size_t count[SPLIT_COUNT])
{
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        json_add_integer(json, split_name(split), (int64_t)count[split]);
}

static void json_group(Json *json, const GroupCount *count)
{
    assert(count->group);
    json_begin(json, count->group->name);
    json_add_text(json, "kind", label_kind_name(count->group->kind));
    json_add_integer(json, "classes", count->group->classes);
    json_add_integer(json, "labelled", (int64_t)count->labelled);
    json_begin(json, "missing");
    json_splits(json, count->missing);
    json_end(json);
    if (count->values) {
        json_add_real(json, "least", count->value[0]);
        json_add_real(json, "median", count->value[count->values / 2]);
        json_add_real(json, "most", count->value[count->values - 1]);
    }
    json_begin(json, "images");
    for (int k = 0; k < count->group->classes; k++) {
        json_begin(json, count->group->class_name[count->class[k].class]);
        json_splits(json, count->class[k].split);
        json_end(json);
    }
    json_end(json);
    json_end(json);
}

static void json_parts(Json *json, const Pack *pack)
{
    json_begin_array(json, "files");
    for (int f = 0; f < pack_files(pack); f++) {
        char hash[HASH_TEXT_BYTES];
        PackPart part = pack_part(pack, f);
        hash_print(part.hash, hash);
        json_begin(json, NULL);
        json_add_text(json, "path", part.path);
        json_add_text(json, "hash", hash);
        json_add_integer(json, "images", (int64_t)part.records);
        json_end(json);
    }
    json_end(json);
}

static void print_json(const Pack *pack, const GroupCount *count)
{
    char hash[HASH_TEXT_BYTES];
    hash_print(pack_hash(pack), hash);
    Json *json = json_create();
    json_add_text(json, "kind", "pack");
    json_add_text(json, "path", pack_path(pack));
    json_add_integer(json, "version", pack_version(pack));
    json_add_text(json, "created_by", pack_creator(pack));
    json_add_text(json, "hash", hash);
    json_parts(json, pack);
    json_add_integer(json, "images", (int64_t)pack_records(pack));
    json_add_integer(json, "bytes", (int64_t)image_bytes(pack));
    json_spread(json, "widths", spread_of(pack, 0));
    json_spread(json, "heights", spread_of(pack, 1));
    size_t images[SPLIT_COUNT];
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        pack_split(pack, split, &images[split]);
    json_begin(json, "splits");
    json_splits(json, images);
    json_end(json);
    json_begin(json, "labels");
    for (int g = 0; g < pack_groups(pack); g++) json_group(json, &count[g]);
    json_end(json);
    put_json(json);
}

bool inspect_pack(const char *path, const InspectOptions *options, Error *err)
{
    Pack *pack = pack_open(path, err);
    if (!pack) return false;
    GroupCount *count = calloc((size_t)pack_groups(pack) + 1, sizeof *count);
    if (!count) die("no memory for %d label groups", pack_groups(pack));
    for (int g = 0; g < pack_groups(pack); g++) count[g] = count_group(pack, pack_group(pack, g));
    if (options->json)
        print_json(pack, count);
    else
        print_pack(pack, count, options->all);
    for (int g = 0; g < pack_groups(pack); g++) {
        free(count[g].class);
        free(count[g].value);
    }
    free(count);
    pack_close(pack);
    return true;
}
