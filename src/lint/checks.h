/*
 * The checks; private to lint. Each goes over what was seen of the pack and adds a finding per problem,
 * with how many pictures or classes it concerns, and examples. A new one is a function in a file of its
 * own, its prototype here and a row in checks.c.
 */
#pragma once

#include "inspection.h"
#include "lint/lint.h"

typedef void LintCheck(const Inspection *inspection, LintFindings *findings);

LintCheck check_damage, check_duplicates, check_conflicts, check_near, check_leaks, check_absent,
    check_imbalance, check_tiny, check_blank, check_grey, check_exif;

/* Adds a finding about `count` things, which the text names. */
LintFinding *lint_add(LintFindings *findings, LintSeverity severity, size_t count,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Whether there is room for another example, which may be costly to describe. */
bool lint_wants_example(const LintFindings *findings, const LintFinding *finding);
/* Adds an example if there is room for it. */
void lint_example(const LintFindings *findings, LintFinding *finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "image" or "images" */
const char *lint_images(size_t count);
