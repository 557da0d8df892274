/* Errors and arguments of every command. */
#include "cli/fail.h"

#include "base/log.h"
#include "complete.h"

#include <argp.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_fail(const Error *err)
{
    static const int code[] = {[ERROR_NONE] = EXIT_BROKEN,
                               [ERROR_USAGE] = EXIT_USAGE,
                               [ERROR_DATA] = EXIT_DATA,
                               [ERROR_SYSTEM] = EXIT_SYSTEM,
                               [ERROR_STOPPED] = EXIT_STOPPED};
    if (log_get_rank() == 0)
        for (const char *line = err->text; *line;) {
            size_t length = strcspn(line, "\n");
            fprintf(stderr, "umbel: %.*s\n", (int)length, line);
            line += length + (line[length] == '\n');
        }
    return code[err->kind];
}

/* The rank that the launcher gave this process, before MPI has started: Open MPI, PMIx, SLURM,
 * MPICH. */
static int launched_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK",
                                        "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = getenv(names[i]);
        if (text) return (int)strtol(text, NULL, 10);
    }
    return 0;
}

static void silence(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0) return;
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    close(null);
}

/* --- arguments --- */

static const struct argp_option common_options[] = {
    {"quiet", 'q', NULL, 0, "No progress and no remarks; results, warnings and errors remain", 0},
    {0},
};

static error_t parse_common(int key, char *text, struct argp_state *state)
{
    (void)text;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->input;
        return 0;
    case 'q':
        log_set_terse(true);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(const struct argp *argp, int argc, char **argv, void *arguments)
{
    const struct argp_child own[] = {{argp, 0, NULL, 0}, {0}};
    const struct argp whole = {common_options, parse_common, NULL, NULL, own, NULL, NULL};
    if (complete_is_wanted()) {
        complete_arguments(&whole, argc, argv);
        exit(EXIT_DONE);
    }
    argp_parse(&whole, argc, argv, 0, NULL, arguments);
}

void cli_parse(const struct argp *argp, int argc, char **argv, void *arguments)
{
    argp_err_exit_status = EXIT_USAGE;
    bool quiet = launched_rank() != 0;
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    if (quiet) silence();
    parse(argp, argc, argv, arguments);
    if (quiet) {
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
    }
    close(out);
    close(err);
}

long cli_number(struct argp_state *state, const char *name, const char *text, long low, long high)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end != text && !*end && low <= value && value <= high) return value;
    if (high == LONG_MAX)
        argp_error(state, "%s: must be an integer from %ld on, not \"%s\"", name, low, text);
    argp_error(state, "%s: must be an integer from %ld to %ld, not \"%s\"", name, low, high, text);
    return low;
}
