/* Heads added to, dropped from and renamed in a checkpoint. */
#pragma once

#include "base/error.h"

typedef enum HeadEditKind { HEAD_ADD, HEAD_DROP, HEAD_RENAME } HeadEditKind;

typedef struct HeadEdit {
    HeadEditKind kind;
    const char *name;
    const char *what; /* HEAD_ADD: number of classes, or a file of their names, one per line;
                         HEAD_RENAME: the new name */
} HeadEdit;

/* Makes the edits in order and writes the result. What stays keeps its bits, those of the optimizer's
 * slots too; a new head starts as the checkpoint's seed has it, with slots of zero. */
bool surgery(const char *checkpoint, const char *out, const HeadEdit *edit, int edits, Error *err);
