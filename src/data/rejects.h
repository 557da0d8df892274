/* Records that cannot be packed: told, or left out and listed. Private to data. */
#pragma once

#include "listing.h"

typedef struct Rejects {
    Listing *listing; /* takes those that are left out */
    bool keep_going;
    bool *rejected; /* (listing->count) */
} Rejects;

/* `why` names the record, and is copied. With keep_going it is left out; else it is a problem of the kind in `err`,
 * which holds no more of them than can be read at once. */
void rejects_note(Rejects *rejects, size_t record, ErrorKind kind, const char *why, Error *err);

/* Whether so many problems have been found that nothing more is looked for. */
bool rejects_are_too_many(const Error *err);
/* Says so, if it is so. */
void rejects_tell_end(Error *err);

/* An error if nothing is left. */
bool rejects_leave_some(const Listing *listing, Error *err);

/* Writes the list that belongs to the pack `out`, or removes that of an earlier attempt. */
bool rejects_write(const Listing *listing, const char *out, Error *err);
