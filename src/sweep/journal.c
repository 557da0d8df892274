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

enum { FACTS = 9, FACT_BYTES = 4096 };

/* What may not change while a sweep goes on, and how a message calls it. */
typedef struct Fact {
    const char *key, *name;
    bool is_text;
    char value[FACT_BYTES];
} Fact;

static void print_over(const Sweep *sweep, char text[FACT_BYTES])
{
    size_t used = 0;
    *text = 0;
    for (int a = 0; a < sweep->space.axes && used < FACT_BYTES; a++)
        used += (size_t)snprintf(text + used, FACT_BYTES - used, "%s%s", a ? " " : "",
                                 sweep->space.axis[a].text);
}

static void print_hash(Hash128 hash, char text[FACT_BYTES])
{
    char digits[HASH_TEXT_BYTES];
    hash_print(hash, digits);
    snprintf(text, FACT_BYTES, "%s", digits);
}

static Fact *list_facts(const Sweep *sweep, Arena *arena)
{
    const SweepOptions *options = &sweep->options;
    Fact *fact = arena_new(arena, Fact, FACTS);
    const Fact numbers[] = {
        {"trials", "--trials", false, ""},
        {"seed", "--seed", false, ""},
        {"eta", "--eta", false, ""},
        {"min_epochs", "--min-epochs", false, ""},
        {"epochs", "the number of epochs", false, ""},
        {"metric", "--metric", true, ""},
        {"over", "--over", true, ""},
        {"config", "the configuration (its hash)", true, ""},
        {"pack", "the pack (its hash)", true, ""},
    };
    const uint64_t value[] = {(uint64_t)options->trials, options->seed, (uint64_t)options->eta,
                              (uint64_t)options->min_epochs, (uint64_t)sweep->config.epochs};
    memcpy(fact, numbers, sizeof numbers);
    for (size_t i = 0; i < sizeof value / sizeof *value; i++)
        snprintf(fact[i].value, FACT_BYTES, "%" PRIu64, value[i]);
    Hasher *hasher = hasher_create();
    config_digest(&sweep->config, hasher);
    snprintf(fact[5].value, FACT_BYTES, "%s", sweep->metric.name);
    print_over(sweep, fact[6].value);
    print_hash(hasher_finish(hasher), fact[7].value);
    print_hash(sweep->pack, fact[8].value);
    return fact;
}

static bool begin(const Sweep *sweep, Error *err)
{
    Arena *arena = arena_create("record");
    const Fact *fact = list_facts(sweep, arena);
    Json *json = json_create();
    json_add_text(json, "kind", "sweep");
    for (int i = 0; i < FACTS; i++)
        if (fact[i].is_text)
            json_add_text(json, fact[i].key, fact[i].value);
        else
            json_add_integer(json, fact[i].key, strtoll(fact[i].value, NULL, 10));
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
    const Fact *fact = list_facts(sweep, arena);
    bool ok = true;
    for (int i = 0; ok && i < FACTS; i++) ok = is_same(&fact[i], header, path, err);
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
