/* Patterns: the first line is the pattern, each other line a path. What is taken is checked against the
 * rules, and a refusal against a table of all places that can be reached. */
#include "fuzz.h"
#include "listing.h"
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

enum { FACTOR = 128, LEVELS_BYTES = 1024 };

static bool fits(const Piece *piece, const char *begin, size_t length)
{
    if (piece->kind == PIECE_TEXT)
        return length == piece->length && strncmp(begin, piece->text, length) == 0;
    if ((piece->kind == PIECE_LABEL || piece->kind == PIECE_SPLIT) && length == 0) return false;
    return piece->kind == PIECE_REST || !memchr(begin, '/', length);
}

static void check_taken(const Pattern *pattern, const char *path, const Taken *taken)
{
    const char *at = path;
    for (int k = 0; k < pattern->pieces; at += taken[k++].length)
        FUZZ_REQUIRE(taken[k].begin == at && fits(&pattern->piece[k], at, taken[k].length));
    FUZZ_REQUIRE(*at == 0);
}

/* Whether any way of cutting the path fits. */
static bool can_match(const Pattern *pattern, const char *path)
{
    size_t length = strlen(path);
    bool *reached = calloc(2 * (length + 1), sizeof(bool)), *next = reached + length + 1;
    reached[0] = true;
    for (int k = 0; k < pattern->pieces; k++) {
        memset(next, 0, length + 1);
        for (size_t begin = 0; begin <= length; begin++)
            for (size_t end = begin; reached[begin] && end <= length; end++)
                if (fits(&pattern->piece[k], path + begin, end - begin)) next[end] = true;
        memcpy(reached, next, length + 1);
    }
    bool can = reached[length];
    free(reached);
    return can;
}

static void check_path(const Pattern *pattern, const char *path)
{
    enum { REFERENCE_BYTES = 32, REFERENCE_PIECES = 32 }; /* it takes cubic time */
    Taken *taken = calloc((size_t)pattern->pieces + 1, sizeof *taken);
    bool matches = pattern_match(pattern, path, taken);
    if (matches) check_taken(pattern, path, taken);
    bool is_small = strlen(path) < REFERENCE_BYTES && pattern->pieces < REFERENCE_PIECES;
    if (!matches && is_small) FUZZ_REQUIRE(!can_match(pattern, path));
    free(taken);
}

/* The other options that are small languages. */
static void check_options(const char *line)
{
    char pattern[LEVELS_BYTES];
    SplitShares shares;
    Error levels = {0}, split = {0};
    bool ok = folder_pattern(pattern, sizeof pattern, line, &levels);
    fuzz_check_error(ok, &levels);
    FUZZ_REQUIRE(!ok || strlen(pattern) >= strlen(line));
    fuzz_check_error(split_shares_parse(&shares, line, &split), &split);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = malloc(bytes + 1), *rest = text;
    memcpy(text, data, bytes);
    text[bytes] = 0;
    Listing listing = {.memory = arena_create("fuzz")};
    Pattern pattern;
    Error err = {0};
    const char *line = strsep(&rest, "\n");
    check_options(line);
    fuzz_allow(bytes * bytes, FACTOR); /* pieces * length of a path */
    bool ok = pattern_parse(&pattern, line, &listing, &err);
    fuzz_check_error(ok, &err);
    while (ok && rest) check_path(&pattern, strsep(&rest, "\n"));
    listing_free(&listing);
    free(text);
    return 0;
}
