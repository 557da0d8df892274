/* What a listing is in a pack. */
#include "pack_contents.h"

#include "encode.h"

bool contents_prepare(Contents *contents, const Listing *listing, const PackOptions *options,
                      Arena *arena, Error *err)
{
    contents->listing = listing;
    contents->group = encode_labels(listing, arena, err);
    if (!contents->group) return false;
    contents->split =
        assign_splits(listing, contents->group, &options->shares, options->seed, arena, err);
    if (!contents->split || options->allow_unseen) return contents->split != NULL;
    const double *share = options->shares.share;
    bool computed = share[SPLIT_TRAIN] + share[SPLIT_VAL] + share[SPLIT_TEST] > 0;
    return check_classes(
        listing, contents->group, contents->split,
        computed ? "add images of them or merge them with others" : "split anew with --split", err);
}
