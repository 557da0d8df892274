/* FOLDER/sweep.jsonl: which sweep it is, then a line for each trial and rung that has come out. Private to sweep; only
 * rank 0 reads and writes it. */
#pragma once

#include "sweep/sweep.h"

/* Takes what it holds into sweep->result; begins it where there is none. An unfinished last line is dropped. Mistakes:
 * it is of another sweep, or damaged. */
bool journal_open(Sweep *sweep, Error *err);

/* Appends the result of a trial at a rung. */
bool journal_add(const Sweep *sweep, int rung, int trial, Error *err);
