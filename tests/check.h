/* What the cmocka programs share. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* The error must hold `part`; otherwise shows what it holds. */
static inline void check_error(const Error *err, const char *part)
{
    if (err->kind == ERROR_NONE || !strstr(err->text, part)) {
        fprintf(stderr, "expected \"%s\" in: %s\n", part, err->text);
        fail();
    }
}

/* There must be no error; otherwise shows it. */
static inline void check_no_error(const Error *err)
{
    if (err->kind != ERROR_NONE) {
        fprintf(stderr, "unexpected error: %s\n", err->text);
        fail();
    }
}
