/* How pages look and what moves on them; private to report. */
#pragma once

extern const char page_style[];  /* CSS */
extern const char page_script[]; /* JavaScript */
