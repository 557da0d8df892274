/* Networks from foreign files. */
#include "models/foreign.h"

#include "models/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 5 }; /* of each kind of mistake */

static const char *const prefixes[] = {"", "module.", "model."};
enum { PREFIXES = sizeof prefixes / sizeof *prefixes };

static bool foreign_of(const ForeignModel *model, const char *head, const Param *param,
                       ForeignTensor *foreign)
{
    return naming_foreign(model->naming, model->kind, head, param->name, param->shape, foreign);
}

static const SafetensorsArray *find(const ForeignModel *model, const char *name)
{
    char full[NAMING_BYTES + 16];
    snprintf(full, sizeof full, "%s%s", model->prefix, name);
    return safetensors_find(model->file, full);
}

/* --- recognising --- */

static int count_found(const ForeignModel *model, const ParamStore *params)
{
    int found = 0;
    ForeignTensor foreign;
    for (int i = 0; i < params->count; i++)
        found += foreign_of(model, NULL, params->list[i], &foreign) && find(model, foreign.name[0]);
    return found;
}

bool foreign_open(ForeignModel *model, const Safetensors *file, const char *path,
                  const char *family, const char *kind, const ParamStore *params, Error *err)
{
    const Naming *naming[NAMING_SCHEMES_MAX];
    int namings = naming_list(family, naming), most = 0;
    *model = (ForeignModel){.file = file, .kind = kind, .naming = namings ? naming[0] : NULL};
    for (int n = 0; n < namings; n++)
        for (int p = 0; p < PREFIXES; p++) {
            ForeignModel candidate = {file, naming[n], kind, prefixes[p]};
            int found = count_found(&candidate, params);
            if (found <= most) continue;
            most = found;
            *model = candidate;
        }
    if (most > 0) return true;
    return error_set(
        err, ERROR_DATA,
        "%s: has no parameter of a %s under any known naming; its first tensor is \"%s\"", path,
        kind, safetensors_count(file) ? safetensors_at(file, 0)->name : "");
}

int foreign_classes(const ForeignModel *model)
{
    ForeignTensor foreign;
    if (!naming_foreign(model->naming, model->kind, "class", "heads.class.linear.bias",
                        shape_of(1, 1), &foreign))
        return 0;
    const SafetensorsArray *bias = find(model, foreign.name[0]);
    return bias && bias->rank == 1 && bias->count <= INT32_MAX ? (int)bias->count : 0;
}

/* --- reading --- */

typedef struct Loading {
    const ForeignModel *model;
    const ForeignOptions *options;
    bool *used; /* (tensors of the file) */
    int missing, misshapen, unused;
    Error *err;
} Loading;

/* Counts a mistake; true while it still gets a line of its own. */
static bool counts(int *mistakes)
{
    return ++*mistakes <= LINES_MAX;
}

static const char *print_array(const SafetensorsArray *array, char text[SHAPE_TEXT_BYTES])
{
    size_t used = 0;
    for (int i = 0; i < array->rank && used < SHAPE_TEXT_BYTES; i++)
        used += (size_t)snprintf(text + used, SHAPE_TEXT_BYTES - used, "%s%llu", i ? "," : "(",
                                 (unsigned long long)array->dim[i]);
    if (used < SHAPE_TEXT_BYTES) snprintf(text + used, SHAPE_TEXT_BYTES - used, used ? ")" : "()");
    return text;
}

/* Axes of size 1 aside: programs differ in how many they write. */
static bool same_shape(const SafetensorsArray *array, Shape shape)
{
    int i = 0, j = 0;
    while (true) {
        while (i < array->rank && array->dim[i] == 1) i++;
        while (j < shape.rank && shape.dim[j] == 1) j++;
        if (i == array->rank || j == shape.rank) return i == array->rank && j == shape.rank;
        if (array->dim[i++] != (uint64_t)shape.dim[j++]) return false;
    }
}

/* Tokens of learnt places (1,T,D) that can be resampled to ours; 0: they cannot. */
static int tokens_of(const SafetensorsArray *array, const ForeignTensor *foreign)
{
    const int D = foreign->shape.dim[2];
    if (!foreign->positions || array->rank != 3 || array->dim[0] != 1) return 0;
    return array->dim[2] == (uint64_t)D && array->dim[1] <= INT32_MAX ? (int)array->dim[1] : 0;
}

static bool misshapen(Loading *loading, const Param *param, const SafetensorsArray *array,
                      const ForeignTensor *foreign)
{
    char has[SHAPE_TEXT_BYTES], wants[SHAPE_TEXT_BYTES];
    if (counts(&loading->misshapen))
        error_set(loading->err, ERROR_DATA,
                  "%s: tensor \"%s\" has shape %s; %s of this trunk needs %s",
                  loading->options->path, array->name, print_array(array, has), param->name,
                  shape_print(foreign->shape, wants));
    return false;
}

static bool read_places(Loading *loading, const Param *param, const SafetensorsArray *array,
                        const ForeignTensor *foreign, const float *theirs, float *value)
{
    int tokens = tokens_of(array, foreign);
    return (tokens > 0 && weights_resample_places(value, param->shape.dim[0], theirs, tokens,
                                                  param->shape.dim[1])) ||
           misshapen(loading, param, array, foreign);
}

static bool read_part(Loading *loading, const Param *param, const ForeignTensor *foreign, int part,
                      float *value)
{
    const SafetensorsArray *array = find(loading->model, foreign->name[part]);
    if (!array) {
        if (counts(&loading->missing))
            error_set(loading->err, ERROR_DATA, "%s: tensor \"%s%s\" is missing, for %s",
                      loading->options->path, loading->model->prefix, foreign->name[part],
                      param->name);
        return false;
    }
    loading->used[array - safetensors_at(loading->model->file, 0)] = true;
    bool same = same_shape(array, foreign->shape);
    if (!same && tokens_of(array, foreign) == 0) return misshapen(loading, param, array, foreign);
    float *theirs = malloc(sizeof(float) * (array->count + 1));
    if (!theirs) die("no memory for tensor %s", array->name);
    bool ok = safetensors_read(loading->model->file, array, theirs, loading->err);
    if (ok && same)
        weights_from_foreign(value, param->shape, foreign, part, theirs);
    else if (ok)
        ok = read_places(loading, param, array, foreign, theirs, value);
    free(theirs);
    return ok;
}

/* Another head than the classifier is none of the file's business; a part of the trunk is. */
static void report_nameless(Loading *loading, const Param *param)
{
    if (strncmp(param->name, "trunk.", 6) == 0 && counts(&loading->missing))
        error_set(loading->err, ERROR_DATA, "%s: %s has no counterpart in a %s network",
                  loading->options->path, param->name, naming_scheme(loading->model->naming));
}

static void read_store(Loading *loading, const ParamStore *store)
{
    ForeignTensor foreign;
    for (int i = 0; i < store->count; i++) {
        const Param *param = store->list[i];
        if (!foreign_of(loading->model, loading->options->head, param, &foreign)) {
            report_nameless(loading, param);
            continue;
        }
        for (int p = 0; p < foreign.parts; p++)
            read_part(loading, param, &foreign, p, store->value + param->offset);
    }
}

/* PyTorch's counter of batches, which nothing depends on. */
static bool is_counter(const char *name)
{
    static const char ending[] = "num_batches_tracked";
    size_t length = strlen(name);
    return length >= strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

static bool is_classifier(const ForeignModel *model, const SafetensorsArray *array)
{
    static const char *const names[] = {"heads.class.linear.weight", "heads.class.linear.bias"};
    static const Shape shapes[] = {{2, {1, 1}}, {1, {1}}};
    for (int i = 0; i < 2; i++) {
        ForeignTensor foreign;
        if (naming_foreign(model->naming, model->kind, "class", names[i], shapes[i], &foreign) &&
            find(model, foreign.name[0]) == array)
            return true;
    }
    return false;
}

static void report_unused(Loading *loading)
{
    for (int i = 0; i < safetensors_count(loading->model->file); i++) {
        const SafetensorsArray *array = safetensors_at(loading->model->file, i);
        bool fine = loading->used[i] || is_counter(array->name) ||
                    (!loading->options->head && is_classifier(loading->model, array));
        if (!fine && counts(&loading->unused))
            error_set(loading->err, ERROR_DATA,
                      "%s: tensor \"%s\" has no place in this trunk; is it of another kind?",
                      loading->options->path, array->name);
    }
}

static void report_more(const Loading *loading, int mistakes, const char *what)
{
    if (mistakes > LINES_MAX)
        error_set(loading->err, ERROR_DATA, "%s: %d more tensors %s", loading->options->path,
                  mistakes - LINES_MAX, what);
}

bool foreign_load(const ForeignModel *model, const ForeignOptions *options,
                  const ParamStore *params, const ParamStore *state, Error *err)
{
    int tensors = safetensors_count(model->file);
    Loading loading = {.model = model, .options = options, .err = err};
    loading.used = calloc((size_t)tensors + 1, sizeof *loading.used);
    if (!loading.used) die("no memory for %d tensors", tensors);
    read_store(&loading, params);
    read_store(&loading, state);
    if (!options->allow_unused) report_unused(&loading);
    report_more(&loading, loading.missing, "are missing");
    report_more(&loading, loading.misshapen, "have another shape");
    report_more(&loading, loading.unused, "have no place in this trunk");
    free(loading.used);
    return err->kind == ERROR_NONE;
}
