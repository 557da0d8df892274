/*
 * Making a pack from files: a list of images with labels, encoded, split and written so that the
 * same input gives the same bytes on any number of ranks.
 */
#pragma once

#include "data/pack.h"
#include "dist/comm.h"

/* What is to be packed; made by manifest_read or folder_scan. */
typedef struct Listing {
    size_t count;
    char **path; /* (count) relative to root */
    int groups;
    char **group_name;    /* (groups) */
    char ***label;        /* [group][record]: text, or NULL where missing */
    char **split;         /* (count) text or NULL; NULL if there is no such column */
    char **keep_together; /* (count) value of the --group column, or NULL if not asked for */
    struct Arena *memory; /* owns all of the above */
} Listing;

/* CSV with a header line (RFC 4180 quoting): column `path`, optional `split`, every other column a
 * label group, or only those of `labels` (comma-separated) if not NULL. `keep_together`: a column
 * name or NULL. */
bool manifest_read(Listing *listing, const char *path, const char *labels,
                   const char *keep_together, Error *err);
/* Walks `folder`; the levels ("type,part") name the folder levels above each image. Sorted by path.
 */
bool folder_scan(Listing *listing, const char *folder, const char *levels, Error *err);
void listing_free(Listing *listing);

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
    int max_side; /* 0: keep JPEG bytes as they are */
    int quality;  /* of re-encoding */
} PackOptions;

/* Writes the pack. Ranks share the decoding; rank 0 writes. On failure no file is left. Collective:
 * all ranks return the same. */
bool pack_write(const Listing *listing, const PackOptions *options, Comm *comm, Error *err);
