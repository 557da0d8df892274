/* Pictures too small to show anything. */
#include "checks.h"

static bool is_tiny(const Inspection *inspection, size_t record)
{
    int width, height;
    pack_image_size(inspection->pack, record, &width, &height);
    return width < inspection->options->tiny || height < inspection->options->tiny;
}

void check_tiny(const Inspection *inspection, LintFindings *findings)
{
    size_t count = 0, records = pack_records(inspection->pack);
    for (size_t r = 0; r < records; r++) count += is_tiny(inspection, r);
    if (count == 0) return;
    LintFinding *finding =
        lint_add(findings, LINT_NOTE, count, "%zu %s a side of less than %d pixels", count,
                 count == 1 ? "image has" : "images have", inspection->options->tiny);
    for (size_t r = 0; r < records && lint_wants_example(findings, finding); r++) {
        int width, height;
        if (!is_tiny(inspection, r)) continue;
        pack_image_size(inspection->pack, r, &width, &height);
        lint_example(findings, finding, "%s %d x %d", inspection_name(inspection, r), width,
                     height);
    }
}
