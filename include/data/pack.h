/*
 * A pack, opened for reading: image bytes, labels and names of a data set in one HDF5 file
 * (docs/formats.md), or in several that are read as one. Every rank opens it and holds its tables; workers read
 * image bytes by pread.
 */
#pragma once

#include "base/error.h"
#include "base/hash.h"
#include "data/pack_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Pack Pack;

enum { LABEL_MISSING = -1, PACK_VERSION = 2 };

typedef enum Split { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_COUNT } Split;

/* What a label is: one class, any number of classes at once, or a number. */
typedef enum LabelKind { LABEL_CLASS, LABEL_MULTI, LABEL_VALUE, LABEL_KINDS } LabelKind;

/* Parses "class", "multi", "value". */
bool label_kind_parse(const char *text, LabelKind *kind);
const char *label_kind_name(LabelKind kind);

typedef struct LabelGroup {
    const char *name; /* "type" */
    LabelKind kind;
    int classes;                   /* 0 of values */
    const char *const *class_name; /* (classes) */
    const int32_t *label;          /* LABEL_CLASS: (records), 0 … classes-1 or LABEL_MISSING */
    /* LABEL_MULTI: record r has the classes member[begin[r]] … member[begin[r + 1] - 1], rising. */
    const uint64_t *begin; /* (records + 1) */
    const int32_t *member;
    const uint8_t *known; /* (records): 0 where the label is missing, which is not "no class" */
    const double *value;  /* LABEL_VALUE: (records), NaN where missing */
} LabelGroup;

bool label_is_known(const LabelGroup *group, size_t record);
/* The record's classes, rising; *count of them: 0 also where the label is missing or a value. */
const int32_t *label_classes(const LabelGroup *group, size_t record, int *count);

/* Checks the seal of each file that `name` stands for (pack_names.h), then opens it and reads its tables. The records
 * of several come one after the other, in their splits. Their label groups are those of all files in the order in
 * which they first come, each with the classes of all, and missing where a file lacks it; groups of one name must
 * be of one kind. A path that an earlier file has is put behind the name of its own file. Pointers obtained from a
 * pack live until pack_close. */
Pack *pack_open(const char *name, Error *err);
/* The same of these files; `name` is what they are called together. `copy` (names->files): where each is read in
 * place of the file itself; NULL: there. */
Pack *pack_open_files(const char *name, const PackNames *names, const char *const *copy,
                      Error *err);
void pack_close(Pack *pack); /* NULL is allowed */

const char *pack_path(const Pack *pack); /* the name that it was opened by */
/* One of its files, in the order of their records. */
typedef struct PackPart {
    const char *path;
    size_t first, records; /* number of its first record; how many it has */
    Hash128 hash;
} PackPart;
int pack_files(const Pack *pack); /* at least 1 */
PackPart pack_part(const Pack *pack, int file);
size_t pack_records(const Pack *pack);
int pack_groups(const Pack *pack);
const LabelGroup *pack_group(const Pack *pack, int group);
int pack_find_group(const Pack *pack, const char *name); /* -1: none */

Split pack_split_of(const Pack *pack, size_t record);
/* Record numbers of a split in pack order; *count of them. */
const uint32_t *pack_split(const Pack *pack, Split split, size_t *count);
/* Parses "train", "val", "test". */
bool split_parse(const char *text, Split *split);
const char *split_name(Split split);

const char *pack_record_path(const Pack *pack, size_t record); /* as in the manifest */
/* What the record must not be separated from (`umbel pack --group`), "" where it stands alone; NULL if the
 * pack does not tell. */
const char *pack_record_group(const Pack *pack, size_t record);
void pack_image_size(const Pack *pack, size_t record, int *width, int *height);
size_t pack_image_bytes(const Pack *pack, size_t record);
size_t pack_largest_image_bytes(const Pack *pack);
int pack_version(const Pack *pack); /* of the format; the newest of its files */
/* The program that wrote it: "umbel 0.1.0"; all of them, if they differ. */
const char *pack_creator(const Pack *pack);
/* Hash of everything but the image bytes; of several files a hash of theirs, in their order. */
Hash128 pack_hash(const Pack *pack);

/* Reads record's image bytes into `buffer` (pack_image_bytes of them) and checks them against the
 * stored checksum. Thread-safe. The error names the file and the record's number in it. */
bool pack_read(const Pack *pack, size_t record, uint8_t *buffer, Error *err);
