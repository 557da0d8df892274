/* Expected calibration error. Counts: records of each bin, then right ones, then summed probabilities. */
#include "metrics/calibration.h"

#include <math.h>

static const double UNIT = 0x1p-36;

void calibration_add(int64_t *count, float probability, bool right)
{
    double sure = probability > 0 ? (double)probability : 0; /* NaN is sure of nothing */
    int bin = sure < 1 ? (int)(sure * CALIBRATION_BINS) : CALIBRATION_BINS - 1;
    count[bin]++;
    count[CALIBRATION_BINS + bin] += right;
    count[2 * CALIBRATION_BINS + bin] += (int64_t)nearbyint(fmin(sure, 1) / UNIT);
}

CalibrationBin calibration_bin(const int64_t *count, int bin)
{
    CalibrationBin result = {count[bin], count[CALIBRATION_BINS + bin], 0};
    if (result.records)
        result.probability =
            (double)count[2 * CALIBRATION_BINS + bin] * UNIT / (double)result.records;
    return result;
}

double calibration_error(const int64_t *count)
{
    double sum = 0;
    int64_t records = 0;
    for (int b = 0; b < CALIBRATION_BINS; b++) {
        CalibrationBin bin = calibration_bin(count, b);
        sum += fabs((double)bin.right - bin.probability * (double)bin.records);
        records += bin.records;
    }
    return records ? sum / (double)records : 0;
}
