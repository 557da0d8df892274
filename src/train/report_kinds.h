/* What the kinds of heads add to a report; private to train. */
#pragma once

#include "train/report.h"

/* Fills in what follows from the predictions of head number `index`. */
typedef void ReportHead(HeadReport *report, const Predictions *predictions, int index,
                        Arena *arena);
ReportHead report_class, report_rank, report_set, report_value, report_angle;
