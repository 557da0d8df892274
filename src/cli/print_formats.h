/* The formats of predictions; private to predict. */
#pragma once

#include "print.h"

extern const PrintFormat print_format_table, print_format_csv, print_format_jsonl;
