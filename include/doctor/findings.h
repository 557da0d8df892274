/* What the checks found: one line per problem, with its cure. */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

typedef enum Severity {
    ADVICE,  /* works, and could do better */
    PROBLEM, /* does not work, or wastes much of the machine */
} Severity;

typedef struct Finding {
    const char *check; /* name of the check: "workers" */
    Severity severity;
    const char *text;
} Finding;

enum { FINDINGS_MAX = 128 };

typedef struct Findings {
    Arena *arena;      /* owns the texts */
    const char *check; /* that is running */
    Finding list[FINDINGS_MAX];
    int count; /* at most FINDINGS_MAX are kept */
    int problems;
} Findings;

void finding_add(Findings *findings, Severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether `check` has found a problem. */
bool finding_has_problem(const Findings *findings, const char *check);
