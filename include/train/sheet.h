/* A contact sheet: training pictures as the network sees them. */
#pragma once

#include "train/config.h"

/*
 * Draws the sheet, whose pixels come from `arena`; `list`, unless it is NULL, is told of each row as below.
 */
bool sheet_draw(Config *config, Image *image, FILE *list, Arena *arena, Error *err);

/*
 * Writes a PNG: each row shows one training record, first as evaluation sees it, then in the epochs from 0
 * on. The records are the first of epoch 0; where images are mixed, those of a column are mixed with each
 * other, as lane 0 of the step of the epoch's number. Prints for each row what is in it: record, path, its
 * labels, in which epochs a flip changes them, and what is mixed in. Memory comes from `arena`.
 */
bool sheet_write(Config *config, const char *path, Arena *arena, Error *err);
