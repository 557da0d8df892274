/* umbel report: a page about runs. */
#include "arguments.h"
#include "base/pool.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "frame.h"
#include "io/file.h"
#include "report/report.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_PACK = 1, KEY_SPLIT, KEY_CHECKPOINT, KEY_WORKERS, KEY_CSV };
enum { RUNS_MAX = 32 };

typedef struct Arguments {
    const char *run[RUNS_MAX];
    const char *csv; /* NULL: a page */
    PackArgument pack;
    ReportOptions options;
} Arguments;

static const struct argp_option options[] = {
    {"pack", KEY_PACK, "PACK", 0,
     "Let the checkpoint answer for images of this pack: confusion matrices, mistakes, pictures; "
     "may be "
     "repeated",
     0},
    {"out", 'o', "FILE.html", 0, "The page (default: report.html in the first run's folder)", 0},
    {"csv", KEY_CSV, "FILE", 0,
     "Write all figures of the runs as a table in place of a page; - for standard output", 0},
    {"split", KEY_SPLIT, "SPLIT", 0, "Which images: train, val or test (default: val)", 0},
    {"checkpoint", KEY_CHECKPOINT, "NAME", 0,
     "Which checkpoint of each run (default: best-joint, else best-weighted, else last)", 0},
    {"workers", KEY_WORKERS, "N", 0, "Threads (default: the cores there are)", 0},
    {0},
};

static void add_run(Arguments *arguments, const char *path, struct argp_state *state)
{
    if (arguments->options.runs == RUNS_MAX) argp_error(state, "more than %d runs", RUNS_MAX);
    arguments->run[arguments->options.runs++] = path;
}

static const Argument kept[] = {
    KEEP_PACKS(KEY_PACK, pack, NULL),
    KEEP_TEXT('o', options.out),
    KEEP_TEXT(KEY_CSV, csv),
    KEEP_SPLIT(KEY_SPLIT, options.split),
    KEEP_TEXT(KEY_CHECKPOINT, options.checkpoint),
    KEEP_INT(KEY_WORKERS, options.workers, 1, WORKERS_MAX),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        add_run(arguments, text, state);
        return 0;
    case ARGP_KEY_END:
        if (arguments->options.runs == 0) argp_error(state, "no run given");
        if (arguments->csv && (arguments->options.out || arguments->pack.name))
            argp_error(state, "--csv makes a table in place of a page: without --out and --pack");
        return 0;
    default:
        return arguments_keep(kept, options, key, text, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    "RUN [RUN2 ...]",
    "Write a page of HTML about a run, or several beside each other: curves, confusions, mistakes, "
    "speed, faults, configuration. It needs no network and no other file.\v"
    "Examples: umbel report runs/parts --pack parts.h5\n"
    "          umbel report runs/a runs/b --csv figures.csv",
    NULL,
    NULL,
    NULL};

static bool put_table(const char *path, const char *csv, size_t bytes, Error *err)
{
    if (strcmp(path, "-") != 0) return file_write(path, csv, bytes, err);
    if (fwrite(csv, 1, bytes, stdout) == bytes && fflush(stdout) == 0) return true;
    return error_set(err, ERROR_SYSTEM, "cannot write the table to standard output: %s",
                     strerror(errno));
}

static bool write_table(const Arguments *arguments, Arena *arena, Error *err)
{
    char *csv;
    size_t bytes;
    if (!report_figures(&arguments->options, &csv, &bytes, arena, err)) return false;
    bool ok = put_table(arguments->csv, csv, bytes, err);
    free(csv);
    return ok;
}

static bool write_report(Arguments *arguments, Comm *comm, Arena *arena, Error *err)
{
    ReportOptions *wanted = &arguments->options;
    wanted->run = arguments->run;
    wanted->pack = arguments->pack.name;
    if (comm_size(comm) > 1)
        return error_set(err, ERROR_USAGE,
                         "umbel report runs on one rank; start it without mpirun");
    if (arguments->csv) return write_table(arguments, arena, err);
    if (!wanted->out) wanted->out = arena_printf(arena, "%s/report.html", wanted->run[0]);
    if (!report_runs(wanted, comm, arena, err)) return false;
    puts(wanted->out);
    return true;
}

static int run(void *arguments, Comm *comm, Arena *arena)
{
    Error err = {0};
    return write_report(arguments, comm, arena, &err) ? EXIT_DONE : cli_fail(&err);
}

int cmd_report(int argc, char **argv)
{
    Arguments arguments = {.options = {.split = SPLIT_VAL}};
    cli_parse(&argp, argc, argv, &arguments);
    return run_on_ranks(argc, argv, "report", run, &arguments);
}
