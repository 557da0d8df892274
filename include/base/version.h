/* What this program is. */
#pragma once

const char *version_text(void);     /* "0.1.0" */
const char *version_commit(void);   /* of the sources, or "unknown" */
const char *version_compiler(void); /* "gcc 12.2.0" */
