/* What this program is; UMBEL_COMMIT comes from the Makefile. */
#include "base/version.h"

#ifndef UMBEL_COMMIT
#define UMBEL_COMMIT "unknown"
#endif

const char *version_text(void)
{
    return "0.1.0";
}

const char *version_commit(void)
{
    return UMBEL_COMMIT;
}

const char *version_compiler(void)
{
#ifdef __clang__
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}
