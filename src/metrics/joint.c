/* Heads together. */
#include "metrics/joint.h"

#include <math.h>

void joint_histogram(int64_t *right, int64_t *wrong, const int8_t *const *verdict, int heads,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int r = 0, w = 0;
        for (int h = 0; h < heads; h++) {
            r += verdict[h][i] == VERDICT_RIGHT;
            w += verdict[h][i] == VERDICT_WRONG;
        }
        if (r + w == 0) continue;
        right[r]++;
        wrong[w]++;
    }
}

ErrorPair joint_pair(const int8_t *first, const int8_t *second, size_t count)
{
    ErrorPair pair = {0};
    for (size_t i = 0; i < count; i++) {
        if (first[i] == VERDICT_NONE || second[i] == VERDICT_NONE) continue;
        if (first[i] == VERDICT_RIGHT)
            (*(second[i] == VERDICT_RIGHT ? &pair.both_right : &pair.only_second_wrong))++;
        else
            (*(second[i] == VERDICT_RIGHT ? &pair.only_first_wrong : &pair.both_wrong))++;
    }
    return pair;
}

double joint_phi(const ErrorPair *pair)
{
    int64_t first_right = pair->both_right + pair->only_second_wrong,
            first_wrong = pair->only_first_wrong + pair->both_wrong,
            second_right = pair->both_right + pair->only_first_wrong,
            second_wrong = pair->only_second_wrong + pair->both_wrong;
    double scale = sqrt((double)first_right * (double)first_wrong) *
                   sqrt((double)second_right * (double)second_wrong);
    int64_t excess =
        pair->both_right * pair->both_wrong - pair->only_first_wrong * pair->only_second_wrong;
    return scale > 0 ? (double)excess / scale : (double)NAN;
}
