/* Heads together: how many of a record's are right, and whether two of them err on the same records. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    VERDICT_NONE = -1,
    VERDICT_WRONG,
    VERDICT_RIGHT
}; /* of a head on a record; NONE: no label */

/* right[r], wrong[w] (heads + 1 each) += the records of which r heads are right, w wrong; those without a verdict are
 * not counted. verdict (heads)(count). */
void joint_histogram(int64_t *right, int64_t *wrong, const int8_t *const *verdict, int heads,
                     size_t count);

/* Records on which two heads have a verdict. */
typedef struct ErrorPair {
    int64_t both_right, only_first_wrong, only_second_wrong, both_wrong;
} ErrorPair;
ErrorPair joint_pair(const int8_t *first, const int8_t *second, size_t count);
/* Correlation of the errors, -1 to 1; NaN if either head is always right or always wrong. */
double joint_phi(const ErrorPair *pair);
