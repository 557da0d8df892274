/* What a sweep has found, as a table or as JSON. */
#include "sweep_report.h"
#include "frame.h"

#include <stdio.h>
#include <string.h>

static const char *failure_name(const TrialResult *result)
{
    return result->state == TRIAL_DIVERGED ? "diverged" : "failed";
}

static int epochs_of(const Sweep *sweep, const Standing *standing)
{
    return sweep->halving.epochs[standing->rung];
}

/* --- the table --- */

/* Of a column with the values of an axis. */
static int width_of(const Sweep *sweep, int axis)
{
    size_t width = strlen(sweep->space.axis[axis].key);
    for (int t = 0; t < sweep->options.trials; t++) {
        size_t length = strlen(sweep_values(sweep, t)[axis]);
        if (length > width) width = length;
    }
    return (int)width;
}

static int score_width(const Sweep *sweep)
{
    enum { LEAST = 6 };
    int length = (int)strlen(sweep->metric.name);
    return length < LEAST ? LEAST : length;
}

static void print_head(const Sweep *sweep, const int *width)
{
    printf("trial  epochs  %*s", score_width(sweep), sweep->metric.name);
    for (int a = 0; a < sweep->space.axes; a++) printf("  %*s", width[a], sweep->space.axis[a].key);
    puts("");
}

static void print_row(const Sweep *sweep, const Standing *standing, const int *width)
{
    const TrialResult *result = sweep_result(sweep, standing);
    const char *const *value = sweep_values(sweep, standing->trial);
    printf("%5d  %6d  ", standing->trial, epochs_of(sweep, standing));
    if (standing->failed)
        printf("%*s", score_width(sweep), "-");
    else
        printf("%*.4f", score_width(sweep), result->score);
    for (int a = 0; a < sweep->space.axes; a++) printf("  %*s", width[a], value[a]);
    if (standing->failed) printf("  %s: %s", failure_name(result), result->reason);
    puts("");
}

/* As a shell takes it for one word. */
static void print_word(const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,+-@%";
    if (*word && word[strspn(word, plain)] == 0) {
        printf(" %s", word);
        return;
    }
    printf(" '");
    for (; *word; word++)
        if (*word == '\'')
            printf("'\\''");
        else
            putchar(*word);
    putchar('\'');
}

static void print_best(const Sweep *sweep, Arena *arena)
{
    const Standing *best = &sweep->standing[0];
    int sets, epochs = epochs_of(sweep, best);
    char folder[SWEEP_PATH_BYTES];
    const char *const *set = sweep_trial_sets(sweep, best->trial, &sets, arena);
    printf("\nbest: trial %d after %d epoch%s, in %s; the same from the start:\numbel train",
           best->trial, epochs, epochs == 1 ? "" : "s",
           sweep_trial_folder(sweep, best->trial, folder));
    print_word(sweep->options.config);
    for (int i = 0; i < sets; i++) {
        printf(" --set");
        print_word(set[i]);
    }
    puts("");
}

void sweep_print(const Sweep *sweep, Arena *arena)
{
    int width[SPACE_AXES_MAX] = {0};
    for (int a = 0; a < sweep->space.axes; a++) width[a] = width_of(sweep, a);
    print_head(sweep, width);
    for (int i = 0; i < sweep->options.trials; i++) print_row(sweep, &sweep->standing[i], width);
    if (!sweep->standing[0].failed) print_best(sweep, arena);
}

/* --- JSON --- */

static void add_rungs(Json *json, const Halving *halving)
{
    json_begin_array(json, "rungs");
    for (int r = 0; r < halving->rungs; r++) {
        json_begin(json, NULL);
        json_add_integer(json, "epochs", halving->epochs[r]);
        json_add_integer(json, "trials", halving->trials[r]);
        json_end(json);
    }
    json_end(json);
}

static void add_trial(Json *json, const Sweep *sweep, const Standing *standing)
{
    const TrialResult *result = sweep_result(sweep, standing);
    char folder[SWEEP_PATH_BYTES];
    json_begin(json, NULL);
    json_add_integer(json, "trial", standing->trial);
    json_add_integer(json, "rung", standing->rung);
    json_add_integer(json, "epochs", epochs_of(sweep, standing));
    if (standing->failed) {
        json_add_text(json, "failed", failure_name(result));
        json_add_text(json, "reason", result->reason);
    } else {
        json_add_real(json, "score", result->score);
    }
    json_add_text(json, "folder", sweep_trial_folder(sweep, standing->trial, folder));
    json_begin(json, "values");
    for (int a = 0; a < sweep->space.axes; a++)
        json_add_text(json, sweep->space.axis[a].key, sweep_values(sweep, standing->trial)[a]);
    json_end(json);
    json_end(json);
}

static void add_best(Json *json, const Sweep *sweep, Arena *arena)
{
    int sets;
    const char *const *set = sweep_trial_sets(sweep, sweep->standing[0].trial, &sets, arena);
    json_begin(json, "best");
    json_add_integer(json, "trial", sweep->standing[0].trial);
    json_begin_array(json, "set");
    for (int i = 0; i < sets; i++) json_add_text(json, NULL, set[i]);
    json_end(json);
    json_end(json);
}

void sweep_print_json(const Sweep *sweep, Arena *arena)
{
    Json *json = json_create();
    json_add_text(json, "config", sweep->options.config);
    json_add_text(json, "metric", sweep->metric.name);
    json_add_integer(json, "seed", (int64_t)sweep->options.seed);
    add_rungs(json, &sweep->halving);
    json_begin_array(json, "trials");
    for (int i = 0; i < sweep->options.trials; i++) add_trial(json, sweep, &sweep->standing[i]);
    json_end(json);
    if (!sweep->standing[0].failed) add_best(json, sweep, arena);
    put_json(json);
}
