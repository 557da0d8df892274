/*
 * The doctor: whether this machine, this launch and this configuration will work and be fast.
 */
#pragma once

#include "dist/comm.h"
#include "doctor/findings.h"
#include "doctor/survey.h"
#include "train/config.h"

typedef struct DoctorOptions {
    Comm *comm;
    Config *config; /* NULL: only machine and launch are examined */
    Launcher launcher;
} DoctorOptions;

/* Who started this process; to be asked before MPI starts, which changes the environment. */
Launcher doctor_launcher(void);

/* Examines; survey and findings are filled in on rank 0 only, with memory of `arena`. Writes small
 * files to the run folder and removes them; trains a few steps in a temporary folder. What a rank
 * cannot do becomes a finding, so no rank is left behind. Collective. */
void doctor_examine(const DoctorOptions *options, Survey *survey, Findings *findings, Arena *arena);

/* Runs every check on a survey. */
void doctor_check(const Survey *survey, Findings *findings);
