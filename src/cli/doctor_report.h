/* What `umbel doctor` prints; private to cli. */
#pragma once

#include "doctor/doctor.h"

/* A table of what was found, then a line per finding. */
void doctor_print(const Survey *survey, const Findings *findings);
void doctor_print_json(const Survey *survey, const Findings *findings);
