/* What this program is; UMBEL_VERSION and UMBEL_COMMIT come from the Makefile. */
#include "base/version.h"

#ifndef UMBEL_VERSION
#define UMBEL_VERSION "unknown"
#endif
#ifndef UMBEL_COMMIT
#define UMBEL_COMMIT "unknown"
#endif

const char *version_text(void)
{
    return UMBEL_VERSION;
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
