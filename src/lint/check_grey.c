/* Grey pictures among coloured ones: another camera, a scan, or a colour lost on the way. */
#include "checks.h"

/* Where more than one in so many is grey, grey is what the pack is like. */
enum { AMONG = 10 };

static bool is_grey(const Picture *picture)
{
    return !picture->damaged && picture->look.grey;
}

void check_grey(const Inspection *inspection, LintFindings *findings)
{
    size_t count = 0, records = pack_records(inspection->pack);
    for (size_t r = 0; r < records; r++) count += is_grey(&inspection->picture[r]);
    if (count == 0 || count * AMONG > inspection->sound) return;
    LintFinding *finding = lint_add(findings, LINT_NOTE, count, "%zu of %zu %s grey", count,
                                    inspection->sound, count == 1 ? "images is" : "images are");
    for (size_t r = 0; r < records && lint_wants_example(findings, finding); r++)
        if (is_grey(&inspection->picture[r]))
            lint_example(findings, finding, "%s", inspection_name(inspection, r));
}
