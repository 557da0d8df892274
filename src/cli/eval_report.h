/* Reports of evaluations for people. */
#pragma once

#include "train/report.h"

/* A line per head and one for all jointly, on standard output. */
void eval_print(const Report *report);
/* A line per class of every head that has classes. */
void eval_print_classes(const Report *report);
/* Rows are labels, columns predictions; the head must have a matrix. */
void eval_print_confusion(const HeadReport *head);
