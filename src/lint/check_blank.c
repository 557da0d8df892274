/* Pictures of one colour: lens caps, failed downloads, empty renderings. */
#include "checks.h"

/* Standard deviation of the brightness, of 255; JPEG's rounding alone stays below 1. */
static const double BLANK_DEVIATION = 2;

static bool is_blank(const Picture *picture)
{
    return !picture->damaged && picture->look.deviation < BLANK_DEVIATION;
}

void check_blank(const Inspection *inspection, LintFindings *findings)
{
    size_t count = 0, records = pack_records(inspection->pack);
    for (size_t r = 0; r < records; r++) count += is_blank(&inspection->picture[r]);
    if (count == 0) return;
    LintFinding *finding = lint_add(findings, LINT_PROBLEM, count,
                                    "%zu %s nothing but one brightness; drop what shows nothing",
                                    count, count == 1 ? "image shows" : "images show");
    for (size_t r = 0; r < records && lint_wants_example(findings, finding); r++)
        if (is_blank(&inspection->picture[r]))
            lint_example(findings, finding, "%s", inspection_name(inspection, r));
}
