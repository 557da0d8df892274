/* The table of checks. */
#include "checks.h"

#include "doctor/doctor.h"

typedef struct Check {
    const char *name;
    CheckFn *run;
} Check;

static const Check checks[] = {
    {"workers", check_workers},
    {"crowding", check_crowding},
    {"idle cores", check_idle_cores},
    {"hyper-threads", check_siblings},
    {"BLAS threads", check_blas_threads},
    {"programs", check_programs},
    {"interfaces", check_interfaces},
    {"links", check_links},
    {"configuration", check_configuration},
    {"pack", check_pack},
    {"stage", check_stage},
    {"run folder", check_run_folder},
    {"space", check_space},
    {"sync", check_sync},
    {"memory", check_memory},
    {"locked memory", check_locked_memory},
    {"trial", check_trial},
    {"time limit", check_time_limit},
    {"clocks", check_clocks},
    {"lanes", check_lanes},
};

void doctor_check(const Survey *survey, Findings *findings)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        findings->check = checks[i].name;
        checks[i].run(survey, findings);
    }
}
