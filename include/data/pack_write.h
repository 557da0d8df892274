/*
 * Making a pack from files: a list of images with labels, encoded, split and written so that the
 * same input gives the same bytes on any number of ranks.
 */
#pragma once

#include "data/pack.h"
#include "dist/comm.h"

/* A file that is left out, and why. */
typedef struct Reject {
    char *path, *reason;
} Reject;

/* What is to be packed; made by manifest_read, folder_scan or listing_of_pack, put together by
 * listing_merge and listing_add_to. */
typedef struct Listing {
    size_t count;
    char **path;                 /* (count) relative to root, unless a source is there */
    struct RecordSource *source; /* where the bytes come from; NULL: files beneath root. Owned */
    int groups;
    char **group_name;    /* (groups) */
    LabelKind *kind;      /* (groups); NULL: all are classes */
    char ***label;        /* [group][record]: text, or NULL where missing */
    char **split;         /* (count) text or NULL; NULL if there is no such column */
    char **keep_together; /* (count) value of the --group column, or NULL if not asked for */
    Reject *reject;       /* (rejects) */
    size_t rejects;
    struct Arena *memory; /* owns all of the above */
} Listing;

/* CSV with a header line (RFC 4180 quoting): column `path`, optional `split`, every other column a
 * label group of classes, or only those of `labels` if not NULL: "type,tags:multi,azimuth:value",
 * with the kind of what are no classes. `keep_together`: a column name or NULL. */
bool manifest_read(Listing *listing, const char *path, const char *labels,
                   const char *keep_together, Error *err);
/* The same of a text in memory, which is copied; `name` of it for messages. */
bool manifest_parse(Listing *listing, const char *name, const void *text, size_t bytes,
                    const char *labels, const char *keep_together, Error *err);
/* Walks `folder`; `pattern` ("{type}/{part}_{angle}.jpg") tells which parts of a relative path are
 * labels ({azimuth:value}: of what kind); {split} is the split, * any characters but a slash, ** any.
 * A piece takes as much as it can. Sorted by path. keep_going: files that do not fit are rejected instead of being an error. */
bool folder_scan(Listing *listing, const char *folder, const char *pattern, bool keep_going,
                 Error *err);
/* The same of a list of paths relative to `root`, one a line, which is copied; `name` of it for messages. The
 * listing is in its order. Files whose names are no picture's count as well. */
bool list_parse(Listing *listing, const char *name, const void *text, size_t bytes,
                const char *root, const char *pattern, bool keep_going, Error *err);
/* Tar files in the layout of WebDataset: samples key.jpg with labels in key.json or key.NAME. `labels` names
 * them, with kinds as of a manifest; "split" is read where it is there, `keep_together` (or NULL) likewise.
 * `paths` are kept. keep_going: as in folder_scan. */
bool shards_read(Listing *listing, char *const *paths, int count, const char *labels,
                 const char *keep_together, bool keep_going, Error *err);
/* The pattern of `levels` ("type,part"), the names of the folder levels above each image. */
bool folder_pattern(char *pattern, size_t bytes, const char *levels, Error *err);
void listing_free(Listing *listing);

/* The records of a pack as they are: packed again they make the same file. */
bool listing_of_pack(Listing *listing, const char *pack, Error *err);
/* The records of several packs one after the other, with all label groups that any of them has; a group
 * that a pack lacks is missing there. A path that an earlier pack has is put behind the name of its own
 * pack. Groups of one name must be of one kind. */
bool listing_merge(Listing *listing, char *const *packs, int count, Error *err);
/* Puts a pack's records before those of `listing`, whose files lie beneath `root`. A record whose path the
 * pack has is no new image: its labels, where it has any, become those of the pack's image. */
bool listing_add_to(Listing *listing, const char *pack, const char *root, Error *err);

/* Shares of a stratified split; all zero: use the listing's column, or everything is train. */
typedef struct SplitShares {
    double share[SPLIT_COUNT];
} SplitShares;
/* Parses "train=0.8,val=0.1,test=0.1"; must sum to 1. */
bool split_shares_parse(SplitShares *shares, const char *text, Error *err);

typedef struct PackOptions {
    const char *root; /* folder that paths are relative to */
    const char *out;
    SplitShares shares;
    uint64_t seed;
    int max_side;      /* 0: keep JPEG bytes as they are */
    int quality;       /* of re-encoding */
    int shards;        /* 0: one file; else so many, OUT-00001-of-00004.h5, at most SHARDS_MAX */
    bool keep_going;   /* leave out files that cannot be packed */
    bool allow_unseen; /* classes that occur outside the training split only */
} PackOptions;

/* Writes the pack. Ranks share the decoding; rank 0 writes, or each rank its shards: rows of the records, with
 * all label groups and classes, in the splits of the whole. On failure no file is left. With
 * keep_going, rank 0 moves what cannot be packed from the listing to its rejects and writes them
 * into a CSV file beside the pack `out`. Collective: all ranks return the same. */
bool pack_write(Listing *listing, const PackOptions *options, Comm *comm, Error *err);
/* Name of the list of rejected files that belongs to the pack `out`. */
void pack_rejects_path(char *path, size_t bytes, const char *out);
