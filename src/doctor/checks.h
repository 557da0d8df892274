/*
 * The checks; private to doctor. Each looks at the survey and adds a line per problem: what is
 * wrong, on which ranks, and what to do. A new one is a function and a row in checks.c.
 */
#pragma once

#include "doctor/amounts.h"
#include "doctor/findings.h"
#include "doctor/survey.h"

typedef void CheckFn(const Survey *survey, Findings *findings);

/* check_cores.c */
CheckFn check_workers, check_crowding, check_idle_cores, check_siblings;
/* check_programs.c */
CheckFn check_blas_threads, check_programs;
/* check_network.c */
CheckFn check_interfaces;
/* check_links.c */
CheckFn check_links;
/* check_files.c */
CheckFn check_configuration, check_pack, check_stage, check_run_folder, check_space, check_sync;
/* check_memory.c */
CheckFn check_memory, check_locked_memory;
/* check_time.c */
CheckFn check_trial, check_time_limit, check_clocks, check_lanes;
