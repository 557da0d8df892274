/* The record of a sweep. */
#include "journal.h"

#include "io/file.h"
#include "io/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOURNAL_PATH_BYTES = 1024 };

static const char DIVERGED[] = "diverged", ERROR[] = "error";

static void journal_path(const Sweep *sweep, char path[JOURNAL_PATH_BYTES])
{
    file_join(path, JOURNAL_PATH_BYTES, sweep->folder, "sweep.jsonl");
}

static bool append(const Sweep *sweep, Json *json, Error *err)
{
    char path[JOURNAL_PATH_BYTES], *text = json_print(json, false), *line;
    journal_path(sweep, path);
    int length = asprintf(&line, "%s\n", text);
    if (length < 0) die("sweep: out of memory");
    bool ok = file_append(path, line, (size_t)length, err);
    free(line);
    free(text);
    json_destroy(json);
    return ok;
}

/* --- which sweep it is --- */

enum { FACTS_MAX = 16, FACT_BYTES = 4096 };

/* What may not change while a sweep goes on, and how a message calls it. */
typedef struct Fact {
    const char *key, *name;
    bool is_text;
    char value[FACT_BYTES];
} Fact;

typedef struct FactList {
    Fact fact[FACTS_MAX];
    int count;
} FactList;

static void add_text(FactList *list, const char *key, const char *name, const char *value)
{
    Fact *fact = &list->fact[list->count++];
    *fact = (Fact){.key = key, .name = name, .is_text = true};
    snprintf(fact->value, FACT_BYTES, "%s", value);
}

static void add_number(FactList *list, const char *key, const char *name, uint64_t value)
{
    Fact *fact = &list->fact[list->count++];
    *fact = (Fact){.key = key, .name = name};
    snprintf(fact->value, FACT_BYTES, "%" PRIu64, value);
}

static void add_hash(FactList *list, const char *key, const char *name, Hash128 hash)
{
    char digits[HASH_TEXT_BYTES];
    hash_print(hash, digits);
    add_text(list, key, name, digits);
}

static void add_over(FactList *list, const Space *space)
{
    char text[FACT_BYTES] = "";
    size_t used = 0;
    for (int a = 0; a < space->axes && used < FACT_BYTES; a++)
        used += (size_t)snprintf(text + used, FACT_BYTES - used, "%s%s", a ? " " : "",
                                 space->axis[a].text);
    add_text(list, "over", "--over", text);
}

static FactList *list_facts(const Sweep *sweep, Arena *arena)
{
    const SweepOptions *options = &sweep->options;
    FactList *list = arena_new(arena, FactList, 1);
    Hasher *hasher = hasher_create();
    config_digest(&sweep->config, hasher);
    add_number(list, "trials", "--trials", (uint64_t)options->trials);
    add_number(list, "seed", "--seed", options->seed);
    add_number(list, "eta", "--eta", (uint64_t)options->eta);
    add_number(list, "min_epochs", "--min-epochs", (uint64_t)options->min_epochs);
    add_number(list, "epochs", "the number of epochs", (uint64_t)sweep->config.epochs);
    add_text(list, "metric", "--metric", sweep->metric.name);
    add_over(list, &sweep->space);
    add_hash(list, "config", "the configuration (its hash)", hasher_finish(hasher));
    add_hash(list, "pack", "the pack (its hash)", sweep->pack);
    return list;
}

static bool begin(const Sweep *sweep, Error *err)
{
    Arena *arena = arena_create("record");
    const FactList *list = list_facts(sweep, arena);
    Json *json = json_create();
    json_add_text(json, "kind", "sweep");
    for (const Fact *fact = list->fact; fact < list->fact + list->count; fact++)
        if (fact->is_text)
            json_add_text(json, fact->key, fact->value);
        else
            json_add_integer(json, fact->key, strtoll(fact->value, NULL, 10));
    arena_destroy(arena);
    return append(sweep, json, err);
}

static bool is_same(const Fact *fact, const JsonValue *header, const char *path, Error *err)
{
    const JsonValue *member = json_member(header, fact->key);
    int64_t number = 0;
    char text[32] = "absent";
    const char *was = json_get_text(member);
    if (json_get_integer(member, &number)) snprintf(text, sizeof text, "%" PRId64, number);
    if (!was) was = text;
    return strcmp(was, fact->value) == 0 ||
           error_set(err, ERROR_USAGE,
                     "%s: is the record of another sweep: %s was %s, not %s; change it back, or "
                     "choose another folder with --run",
                     path, fact->name, was, fact->value);
}

static bool check_header(const Sweep *sweep, const JsonValue *header, const char *path, Error *err)
{
    Arena *arena = arena_create("record");
    const FactList *list = list_facts(sweep, arena);
    bool ok = true;
    for (int i = 0; ok && i < list->count; i++) ok = is_same(&list->fact[i], header, path, err);
    arena_destroy(arena);
    return ok;
}

/* --- results --- */

bool journal_add(const Sweep *sweep, int rung, int trial, Error *err)
{
    const TrialResult *result =
        &sweep->result[(size_t)rung * (size_t)sweep->options.trials + (size_t)trial];
    const char *const *value = sweep_values(sweep, trial);
    Json *json = json_create();
    json_add_text(json, "kind", "trial");
    json_add_integer(json, "trial", trial);
    json_add_integer(json, "rung", rung);
    json_add_integer(json, "epochs", sweep->halving.epochs[rung]);
    if (result->state == TRIAL_SCORED) {
        json_add_real(json, "score", result->score);
    } else {
        json_add_text(json, "failed", result->state == TRIAL_DIVERGED ? DIVERGED : ERROR);
        json_add_text(json, "reason", result->reason);
    }
    json_begin(json, "values");
    for (int a = 0; a < sweep->space.axes; a++)
        json_add_text(json, sweep->space.axis[a].key, value[a]);
    json_end(json);
    return append(sweep, json, err);
}

/* An error is left open: it may have been mended. */
static bool take_result(Sweep *sweep, const JsonValue *record)
{
    int64_t rung, trial;
    int trials = sweep->options.trials;
    if (!json_get_integer(json_member(record, "rung"), &rung) ||
        !json_get_integer(json_member(record, "trial"), &trial) || rung < 0 || trial < 0 ||
        rung >= sweep->halving.rungs || trial >= trials)
        return false;
    TrialResult *result = &sweep->result[rung * trials + trial];
    const char *failed = json_get_text(json_member(record, "failed")),
               *reason = json_get_text(json_member(record, "reason"));
    *result = (TrialResult){TRIAL_OPEN};
    if (!failed) {
        result->state = TRIAL_SCORED;
        return json_get_real(json_member(record, "score"), &result->score);
    }
    if (strcmp(failed, ERROR) == 0) return true;
    result->state = TRIAL_DIVERGED;
    snprintf(result->reason, sizeof result->reason, "%s", reason ? reason : "");
    return strcmp(failed, DIVERGED) == 0;
}

static bool take_line(Sweep *sweep, const char *text, size_t bytes, int line, const char *path,
                      Error *err)
{
    Error ignored = {0};
    JsonValue *record = json_parse(text, bytes, &ignored);
    const char *kind = json_get_text(json_member(record, "kind"));
    bool known = kind && strcmp(kind, line == 1 ? "sweep" : "trial") == 0;
    if (known && line == 1)
        check_header(sweep, record, path, err);
    else if (!known || !take_result(sweep, record))
        error_set(err, ERROR_DATA,
                  "%s:%d: is no record of a sweep; remove this line, or choose another folder with "
                  "--run",
                  path, line);
    json_free(record);
    return err->kind == ERROR_NONE;
}

/* *whole: bytes of its whole lines. */
static bool take_lines(Sweep *sweep, const char *text, size_t bytes, size_t *whole,
                       const char *path, Error *err)
{
    const char *newline;
    int line = 0;
    for (*whole = 0; (newline = memchr(text + *whole, '\n', bytes - *whole));) {
        size_t length = (size_t)(newline - (text + *whole));
        if (!take_line(sweep, text + *whole, length, ++line, path, err)) return false;
        *whole += length + 1;
    }
    return true;
}

bool journal_open(Sweep *sweep, Error *err)
{
    char path[JOURNAL_PATH_BYTES];
    uint8_t *data;
    size_t bytes, whole;
    journal_path(sweep, path);
    if (!file_make_folders(sweep->folder, err)) return false;
    if (!file_exists(path)) return begin(sweep, err);
    if (!file_read(path, &data, &bytes, err)) return false;
    bool ok = take_lines(sweep, (const char *)data, bytes, &whole, path, err) &&
              (whole == bytes || file_truncate(path, whole, err));
    free(data);
    return ok && (whole > 0 || begin(sweep, err));
}
