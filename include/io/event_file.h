/*
 * Event files, which TensorBoard shows: numbers, pictures, distributions and texts under tags, each with its step. Values
 * are gathered in memory and written together, as one record with its checksums; so a file only ever grows by whole
 * records.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct EventFile EventFile;

/*
 * A new file events.out.tfevents.SECONDS.HOST of `folder`; both are made when something is written, and again if somebody
 * removes them. TensorBoard reads the files of a folder in the order of their names, so SECONDS are the time, or later if
 * there is a file of later seconds. Of steps from `first_step` on, what the files before this one hold does not count. Dies
 * without memory.
 */
EventFile *event_file_create(const char *folder, uint64_t first_step);
/* What has not been written is lost. NULL is allowed. */
void event_file_destroy(EventFile *file);

/* Tags, texts and pictures are copied. Tags and texts are UTF-8. */
void event_file_add_scalar(EventFile *file, const char *tag, float value);
void event_file_add_text(EventFile *file, const char *tag, const char *markdown);
/* A picture of RGBA or RGB pixels as the bytes of a PNG or JPEG file; width and height in pixels. */
void event_file_add_picture(EventFile *file, const char *tag, int width, int height,
                            const uint8_t *data, size_t bytes);
/* How value (count) are distributed, those that are finite; nothing if none is. */
void event_file_add_histogram(EventFile *file, const char *tag, const float *value, size_t count);

/* Writes what has been added since the last time, as of `step`, if anything. On failure (ERROR_SYSTEM) the file is as before, and the
 * values are lost. Not synced. */
bool event_file_write(EventFile *file, uint64_t step, Error *err);
