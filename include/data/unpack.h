/*
 * The way back from a pack: its images as files, and a manifest that makes the same pack of them.
 */
#pragma once

#include "data/pack.h"

/* Writes each image into `folder`/images under its path, and `folder`/manifest.csv, with all labels, splits
 * and groups. A folder that has a manifest is refused. */
bool pack_unpack(const char *pack, const char *folder, Error *err);

/* The command that packs it again into `out`, into `text`. */
bool pack_again_command(char *text, size_t bytes, const char *pack, const char *folder, Error *err);
