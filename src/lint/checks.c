/* The table of checks, and what they add. */
#include "checks.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct Check {
    const char *name;
    LintCheck *run;
} Check;

static const Check checks[] = {
    {"damaged", check_damage},      {"duplicates", check_duplicates},
    {"conflicts", check_conflicts}, {"near duplicates", check_near},
    {"groups", check_leaks},        {"absent classes", check_absent},
    {"imbalance", check_imbalance}, {"tiny", check_tiny},
    {"blank", check_blank},         {"grey", check_grey},
    {"exif", check_exif},
};

void lint_pack(const Pack *pack, LintFindings *findings)
{
    Inspection inspection = {
        .pack = pack, .options = findings->options, .arena = arena_create("lint")};
    inspection_make(&inspection);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        findings->check = checks[i].name;
        checks[i].run(&inspection, findings);
    }
    arena_destroy(inspection.arena);
}

const char *lint_severity_name(LintSeverity severity)
{
    return severity == LINT_PROBLEM ? "problem" : "note";
}

/* --- adding --- */

LintFinding *lint_add(LintFindings *findings, LintSeverity severity, size_t count,
                      const char *format, ...)
{
    va_list list;
    LintFinding *finding = arena_new(findings->arena, LintFinding, 1);
    *finding = (LintFinding){.check = findings->check, .severity = severity, .count = count};
    va_start(list, format);
    finding->text = arena_vprintf(findings->arena, format, list);
    va_end(list);
    size_t most = (size_t)findings->options->examples, room = count < most ? count : most;
    finding->example = arena_new(findings->arena, const char *, room + 1);
    if (findings->last)
        findings->last->next = finding;
    else
        findings->first = finding;
    findings->last = finding;
    if (severity == LINT_PROBLEM)
        findings->problems++;
    else
        findings->notes++;
    return finding;
}

bool lint_wants_example(const LintFindings *findings, const LintFinding *finding)
{
    return finding->examples < (size_t)findings->options->examples &&
           finding->examples < finding->count;
}

void lint_example(const LintFindings *findings, LintFinding *finding, const char *format, ...)
{
    va_list list;
    if (!lint_wants_example(findings, finding)) return;
    va_start(list, format);
    finding->example[finding->examples++] = arena_vprintf(findings->arena, format, list);
    va_end(list);
}

const char *lint_images(size_t count)
{
    return count == 1 ? "image" : "images";
}
