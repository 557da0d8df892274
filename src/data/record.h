/* One record on its way into a pack: its bytes, from wherever they come, decoded once, re-encoded if asked
 * to. Private to data. */
#pragma once

#include "data/image.h"
#include "data/pack_write.h"

/* Where the bytes of a listing's records come from. Records are numbered as in the listing when it was made. */
typedef struct RecordSource RecordSource;
struct RecordSource {
    /* Into *data, from malloc. The error says why, without naming the record. Called by several threads
     * at once. */
    bool (*read)(RecordSource *source, size_t record, uint8_t **data, size_t *bytes, Error *err);
    /* What a person calls the record: its file. */
    void (*name)(const RecordSource *source, size_t record, char *text, size_t bytes);
    /* Frees what it holds, and the source itself; NULL: nothing is to be done. */
    void (*close)(RecordSource *source);
    bool
        in_order; /* records must be read in rising order, by one thread at a time; some may be left out */
};

/* Files beneath a folder. */
typedef struct FileSource {
    RecordSource source;
    const Listing *listing;
    const char *root;
} FileSource;
FileSource file_source(const Listing *listing, const char *root);

/* A record as it goes into the pack. */
typedef struct Record {
    uint8_t *data; /* from malloc; NULL if it failed */
    size_t bytes;
    int width, height;
    uint64_t checksum;
    Error err;
} Record;

bool record_read(Record *record, RecordSource *source, size_t index);
/* Decodes it, so that nothing unsound gets into a pack; re-encodes it if that is asked for; sums it up. `image` is
 * reused. */
bool record_prepare(Record *record, const PackOptions *options, Image *image);
/* Names what has failed, and frees its bytes. */
void record_fail(Record *record, const RecordSource *source, size_t index);
