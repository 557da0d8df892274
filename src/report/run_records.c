/* The records of a run. A report shows what there is: a line that cannot be read is counted, not refused. */
#include "report/run_records.h"

#include "io/file.h"

#include <stdlib.h>
#include <string.h>

enum { HEADS_MAX = 256, PATH_BYTES = 4096 };

/* The text of a file of the folder, "" if it is not there. */
static const char *read_text(const char *folder, const char *name, Arena *arena)
{
    char path[PATH_BYTES];
    uint8_t *data;
    size_t bytes;
    Error ignored = {0};
    file_join(path, sizeof path, folder, name);
    if (!file_exists(path) || !file_read(path, &data, &bytes, &ignored)) return "";
    const char *text = arena_strdup(arena, (const char *)data);
    free(data);
    return text;
}

static size_t count_lines(const uint8_t *data, size_t bytes)
{
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++) lines += data[i] == '\n';
    return lines;
}

static void parse_lines(RunRecords *run, const uint8_t *data, size_t bytes)
{
    for (size_t begin = 0; begin < bytes;) {
        const uint8_t *newline = memchr(data + begin, '\n', bytes - begin);
        size_t length = newline ? (size_t)(newline - (data + begin)) : bytes - begin;
        Error ignored = {0};
        JsonValue *record =
            length > 0 ? json_parse((const char *)data + begin, length, &ignored) : NULL;
        if (record)
            run->record[run->records++] = record;
        else
            run->damaged += length > 0;
        begin += length + 1;
    }
}

bool run_record_is(const JsonValue *record, const char *kind)
{
    const char *text = json_get_text(json_member(record, "kind"));
    return text && strcmp(text, kind) == 0;
}

const JsonValue *run_records_last(const RunRecords *run, const char *kind)
{
    for (size_t i = run->records; i-- > 0;)
        if (run_record_is(run->record[i], kind)) return run->record[i];
    return NULL;
}

typedef struct HeadList {
    RunRecords *run;
    Arena *arena;
} HeadList;

static bool add_head(void *context, const char *key, const JsonValue *value)
{
    HeadList *list = context;
    (void)value;
    if (list->run->heads < HEADS_MAX)
        list->run->head[list->run->heads++] = arena_strdup(list->arena, key);
    return true;
}

static void find_heads(RunRecords *run, Arena *arena)
{
    const JsonValue *last = run_records_last(run, "val");
    if (!last) last = run_records_last(run, "train");
    run->head = arena_new(arena, const char *, HEADS_MAX);
    json_visit(json_member(last, "heads"), add_head, &(HeadList){run, arena});
}

static const char *last_part(const char *path, Arena *arena)
{
    char *copy = arena_strdup(arena, path);
    for (size_t end = strlen(copy); end > 1 && copy[end - 1] == '/';) copy[--end] = 0;
    const char *slash = strrchr(copy, '/');
    return slash && slash[1] ? slash + 1 : copy;
}

bool run_records_open(RunRecords *run, const char *path, Arena *arena, Error *err)
{
    char metrics[PATH_BYTES];
    uint8_t *data;
    size_t bytes;
    *run = (RunRecords){.path = path, .name = last_part(path, arena)};
    file_join(metrics, sizeof metrics, path, "metrics.jsonl");
    if (!file_read(metrics, &data, &bytes, err))
        return error_context(err, "%s is no folder of a run", path);
    run->record = arena_new(arena, JsonValue *, count_lines(data, bytes));
    parse_lines(run, data, bytes);
    free(data);
    if (run->records == 0)
        return error_set(err, ERROR_DATA, "%s: holds no record; has the run begun?", metrics);
    run->config = read_text(path, "config.yaml", arena);
    run->bad_images = read_text(path, "bad_images.csv", arena);
    find_heads(run, arena);
    return true;
}

void run_records_close(RunRecords *run)
{
    for (size_t i = 0; i < run->records; i++) json_free(run->record[i]);
    run->records = 0;
}

Series run_records_series(const RunRecords *run, const char *kind, const char *const *key,
                          Arena *arena)
{
    double *x = arena_new(arena, double, run->records + 1),
           *y = arena_new(arena, double, run->records + 1);
    size_t count = 0;
    for (size_t i = 0; i < run->records; i++) {
        if (!run_record_is(run->record[i], kind)) continue;
        const JsonValue *value = run->record[i];
        for (int k = 0; key[k]; k++) value = json_member(value, key[k]);
        if (json_get_real(json_member(run->record[i], "epoch"), &x[count]) &&
            json_get_real(value, &y[count]))
            count++;
    }
    return (Series){x, y, count};
}
