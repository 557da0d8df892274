/*
 * Turns that EXIF data state, which other programs may not see, and pictures that have lost their EXIF data,
 * and with it perhaps a turn.
 */
#include "checks.h"

/* A picture without EXIF data is a surprise where at most one in so many is. */
enum { AMONG = 10 };

static bool is_turned(const Inspection *inspection, size_t record)
{
    const Picture *picture = &inspection->picture[record];
    return !picture->damaged && picture->orientation != 1;
}

static bool is_stripped(const Inspection *inspection, size_t record)
{
    const Picture *picture = &inspection->picture[record];
    return !picture->damaged && !picture->has_exif;
}

static size_t count_of(const Inspection *inspection, bool (*is)(const Inspection *, size_t))
{
    size_t count = 0;
    for (size_t r = 0; r < pack_records(inspection->pack); r++) count += is(inspection, r);
    return count;
}

static void check_turned(const Inspection *inspection, LintFindings *findings)
{
    size_t count = count_of(inspection, is_turned);
    if (count == 0) return;
    LintFinding *finding = lint_add(
        findings, LINT_NOTE, count,
        "%zu %s stored lying or mirrored, to be turned as EXIF says; umbel does, others may not",
        count, count == 1 ? "image is" : "images are");
    for (size_t r = 0; r < pack_records(inspection->pack); r++)
        if (is_turned(inspection, r) && lint_wants_example(findings, finding))
            lint_example(findings, finding, "%s orientation %d", inspection_name(inspection, r),
                         inspection->picture[r].orientation);
}

static void check_stripped(const Inspection *inspection, LintFindings *findings)
{
    size_t count = count_of(inspection, is_stripped);
    if (count == 0 || count * AMONG > inspection->sound) return;
    LintFinding *finding = lint_add(
        findings, LINT_NOTE, count,
        "%zu of %zu images %s no EXIF data as the others have; see that they stand upright", count,
        inspection->sound, count == 1 ? "has" : "have");
    for (size_t r = 0; r < pack_records(inspection->pack); r++)
        if (is_stripped(inspection, r) && lint_wants_example(findings, finding))
            lint_example(findings, finding, "%s", inspection_name(inspection, r));
}

void check_exif(const Inspection *inspection, LintFindings *findings)
{
    check_turned(inspection, findings);
    check_stripped(inspection, findings);
}
