/* Patterns of paths: parsing and matching. */
#include "pattern.h"

#include "listing.h"

#include <stdlib.h>
#include <string.h>

/* Text, label, text, … and a text behind the last label: matching goes so deep. */
enum { PIECES_MAX = 2 * GROUPS_MAX + 1 };

static bool take_name(Pattern *pattern, Piece *piece, const char **at, Listing *listing, Error *err)
{
    size_t length = strcspn(*at + 1, "{}");
    if ((*at)[1 + length] != '}')
        return error_set(err, ERROR_USAGE,
                         "--pattern: \"%s\": a { without its }; labels look like {type}",
                         pattern->text);
    char *name = arena_printf(listing->memory, "%.*s", (int)length, *at + 1);
    *at += length + 2;
    piece->kind = strcmp(name, "split") == 0 ? PIECE_SPLIT : PIECE_LABEL;
    if (piece->kind == PIECE_SPLIT) {
        pattern->has_split = true;
        return true;
    }
    piece->group = listing->groups;
    return listing_add_group(listing, "the pattern", name, err);
}

bool pattern_parse(Pattern *pattern, const char *text, Listing *listing, Error *err)
{
    *pattern = (Pattern){.text = text, .piece = arena_new(listing->memory, Piece, PIECES_MAX)};
    for (const char *at = text; *at;) {
        if (pattern->pieces == PIECES_MAX)
            return error_set(err, ERROR_USAGE, "--pattern: \"%s\" has more than %d pieces", text,
                             PIECES_MAX);
        Piece *piece = &pattern->piece[pattern->pieces++];
        if (*at == '{') {
            if (!take_name(pattern, piece, &at, listing, err)) return false;
        } else if (*at == '*') {
            piece->kind = at[1] == '*' ? PIECE_REST : PIECE_NAME;
            at += strspn(at, "*");
        } else {
            *piece = (Piece){.kind = PIECE_TEXT, .text = at, .length = strcspn(at, "{*")};
            at += piece->length;
        }
    }
    return listing->groups > 0 ||
           error_set(err, ERROR_USAGE, "--pattern: \"%s\" names no label group, such as {type}",
                     text);
}

/* --- matching --- */

typedef struct Matcher {
    const Pattern *pattern;
    const char *path;
    size_t length;
    Taken *taken;
    bool *fails; /* (pieces,length + 1): the pieces from this one on do not match from there */
} Matcher;

/* The least and most characters that the piece can take at `path`; false: none. */
static bool span_of(const Piece *piece, const char *path, size_t *least, size_t *most)
{
    *least = *most = piece->length;
    if (piece->kind == PIECE_TEXT) return strncmp(path, piece->text, piece->length) == 0;
    *least = piece->kind == PIECE_LABEL || piece->kind == PIECE_SPLIT;
    *most = piece->kind == PIECE_REST ? strlen(path) : strcspn(path, "/");
    return true;
}

/* Matches the pieces from number `next` on. What has failed once is not tried again: there are as many
 * ways to cut a path as there are subsets of its characters. */
static bool match(const Matcher *matcher, int next, size_t begin)
{
    if (next == matcher->pattern->pieces) return begin == matcher->length;
    bool *fails = &matcher->fails[(size_t)next * (matcher->length + 1) + begin];
    size_t least, most;
    if (*fails) return false;
    if (span_of(&matcher->pattern->piece[next], matcher->path + begin, &least, &most))
        for (size_t length = most + 1; length-- > least;)
            if (match(matcher, next + 1, begin + length)) {
                matcher->taken[next] = (Taken){matcher->path + begin, length};
                return true;
            }
    *fails = true;
    return false;
}

bool pattern_match(const Pattern *pattern, const char *path, Taken *taken)
{
    size_t length = strlen(path), states = (size_t)pattern->pieces * (length + 1);
    Matcher matcher = {pattern, path, length, taken, calloc(states, sizeof(bool))};
    if (!matcher.fails) die("pattern: no memory for %zu states", states);
    bool ok = match(&matcher, 0, 0);
    free(matcher.fails);
    return ok;
}
