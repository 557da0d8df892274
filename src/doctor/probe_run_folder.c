/*
 * The run folder: rank 0 makes it as training would, writes a token there and syncs it; all ranks
 * look for the token under their own path; then rank 0 removes what it made.
 */
#include "probe.h"

#include "base/clock.h"
#include "io/file.h"
#include "train/run_folder.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, TOKEN_BYTES = 64, WRITES = 3 };
/* A network file system may show a file later to others; look for it as long as this. */
static const double PATIENCE_SECONDS = 3;

/* What rank 0 tells the others. */
typedef struct Token {
    bool written;
    char name[TOKEN_BYTES], text[TOKEN_BYTES];
} Token;

/* Length of the longest part of `path` that exists already. */
static size_t existing_length(const char *path)
{
    char partial[PATH_BYTES];
    snprintf(partial, sizeof partial, "%s", path);
    while (partial[0] && !file_exists(partial)) {
        char *slash = strrchr(partial, '/');
        *(slash ? slash : partial) = 0;
    }
    return strlen(partial);
}

/* Removes folders from `path` upwards until only `kept` characters of it are left. */
static void remove_folders(const char *path, size_t kept)
{
    char partial[PATH_BYTES];
    snprintf(partial, sizeof partial, "%s", path);
    while (strlen(partial) > kept && rmdir(partial) == 0) {
        char *slash = strrchr(partial, '/');
        *(slash ? slash : partial) = 0;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Writes the token several times; the median tells what a sync costs. */
static bool write_token(const char *run, const Token *token, double *seconds, Error *err)
{
    char path[PATH_BYTES];
    double taken[WRITES];
    file_join(path, sizeof path, run, token->name);
    for (int i = 0; i < WRITES; i++) {
        double begin = clock_seconds();
        if (!file_write(path, token->text, strlen(token->text), err)) return false;
        taken[i] = clock_seconds() - begin;
    }
    qsort(taken, WRITES, sizeof *taken, by_value);
    *seconds = taken[WRITES / 2];
    return true;
}

static void measure_space(const Config *config, Survey *survey)
{
    struct statvfs info;
    RunFolder folder = {.keep = config->checkpoint_keep};
    snprintf(folder.path, sizeof folder.path, "%s", config->run);
    survey->held_bytes = run_folder_bytes(&folder);
    if (statvfs(config->run, &info) == 0)
        survey->free_bytes = (uint64_t)info.f_bavail * (uint64_t)info.f_frsize;
}

static void name_token(Token *token)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(token->name, sizeof token->name, ".umbel-doctor-%ld", (long)getpid());
    snprintf(token->text, sizeof token->text, "%ld %lld.%09ld\n", (long)getpid(),
             (long long)now.tv_sec, now.tv_nsec);
}

/* On rank 0. A file size limit must end in an error, not in a signal. */
static void leave_token(const Config *config, Token *token, Survey *survey)
{
    Error err = {0};
    survey->free_bytes = UINT64_MAX;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    name_token(token);
    if (file_make_folders(config->run, &err)) {
        measure_space(config, survey);
        token->written = write_token(config->run, token, &survey->sync_seconds, &err);
    }
    signal(SIGXFSZ, before);
    survey_keep_reason(survey->run_problem, &err);
}

static bool see_token(const Config *config, const Token *token)
{
    char path[PATH_BYTES];
    file_join(path, sizeof path, config->run, token->name);
    uint8_t *text;
    size_t bytes;
    Error err = {0};
    if (!file_read(path, &text, &bytes, &err)) return false;
    bool same = bytes == strlen(token->text) && memcmp(text, token->text, bytes) == 0;
    free(text);
    return same;
}

static bool wait_for_token(const Config *config, const Token *token)
{
    double begin = clock_seconds();
    while (!see_token(config, token)) {
        if (clock_seconds() - begin > PATIENCE_SECONDS) return false;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return true;
}

static void remove_token(const Config *config, const Token *token, size_t kept)
{
    char path[PATH_BYTES];
    file_join(path, sizeof path, config->run, token->name);
    unlink(path);
    remove_folders(config->run, kept);
}

void probe_run_folder(Comm *comm, const Config *config, RankFacts *facts, Survey *survey)
{
    Token token = {0};
    bool first = comm_rank(comm) == 0;
    size_t kept = first ? existing_length(config->run) : 0;
    if (first) leave_token(config, &token, survey);
    comm_broadcast(comm, &token, sizeof token, 0);
    /* Without a token nothing can be told of the other ranks. */
    facts->sees_run_folder = !token.written || wait_for_token(config, &token);
    comm_barrier(comm);
    if (first) remove_token(config, &token, kept);
}
