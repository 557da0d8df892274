/* The list of findings. */
#include "doctor/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 1024 };

void finding_add(Findings *findings, Severity severity, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    findings->problems += severity == PROBLEM;
    if (findings->count == FINDINGS_MAX) return;
    findings->list[findings->count++] =
        (Finding){findings->check, severity, arena_strdup(findings->arena, text)};
}

bool finding_has_problem(const Findings *findings, const char *check)
{
    for (int i = 0; i < findings->count; i++)
        if (findings->list[i].severity == PROBLEM && strcmp(findings->list[i].check, check) == 0)
            return true;
    return false;
}
