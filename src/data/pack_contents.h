/* What a listing is in a pack: labels as numbers, and splits. Private to data. */
#pragma once

#include "listing.h"

typedef struct Contents {
    const Listing *listing;
    LabelGroup *group; /* (listing->groups) */
    uint8_t *split;    /* (listing->count) */
} Contents;

/* Encodes the labels and assigns the splits; a class that training never shows is an error, if that is not allowed. A
 * pure function of listing and options. */
bool contents_prepare(Contents *contents, const Listing *listing, const PackOptions *options,
                      Arena *arena, Error *err);
