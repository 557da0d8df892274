/* Reading what is to be packed, whichever way it is given. */
#include "pack_input.h"

#include "io/file.h"

#include <stdlib.h>
#include <string.h>

/* A manifest or list: rank 0 alone has a standard input. `*text` from malloc. */
static bool read_text(const char *path, Comm *comm, uint8_t **text, size_t *bytes, Error *err)
{
    if (strcmp(path, "-") != 0) return file_read(path, text, bytes, err);
    if (comm_rank(comm) == 0) file_read_input(text, bytes, err);
    if (!comm_agree(comm, err)) return false;
    comm_broadcast(comm, bytes, sizeof *bytes, 0);
    if (comm_rank(comm) != 0 && !(*text = malloc(*bytes + 1)))
        die("pack: no memory for %zu bytes of standard input", *bytes);
    comm_broadcast(comm, *text, *bytes, 0);
    return true;
}

static bool parse_text(Listing *listing, const PackInput *input, const PackOptions *options,
                       Comm *comm, const char *pattern, Error *err)
{
    uint8_t *text = NULL;
    size_t bytes = 0;
    const char *path = input->manifest ? input->manifest : input->list;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    if (!read_text(path, comm, &text, &bytes, err)) return false;
    bool ok = input->manifest ? manifest_parse(listing, name, text, bytes, input->labels,
                                               input->keep_together, err)
                              : list_parse(listing, name, text, bytes, options->root, pattern,
                                           options->keep_going, err);
    free(text);
    return ok;
}

static bool read_files(Listing *listing, const PackInput *input, const PackOptions *options,
                       Comm *comm, Error *err)
{
    if (input->tar)
        return shards_read(listing, input->name, input->names,
                           input->labels ? input->labels : "cls", input->keep_together,
                           options->keep_going, err);
    char of_levels[1024];
    const char *pattern = input->pattern;
    if (input->levels) {
        if (!folder_pattern(of_levels, sizeof of_levels, input->levels, err)) return false;
        pattern = of_levels;
    }
    return input->folder ? folder_scan(listing, input->folder, pattern, options->keep_going, err)
                         : parse_text(listing, input, options, comm, pattern, err);
}

bool pack_input_read(Listing *listing, const PackInput *input, const PackOptions *options,
                     Comm *comm, Error *err)
{
    if (input->merge) return listing_merge(listing, input->name, input->names, err);
    return read_files(listing, input, options, comm, err) &&
           (!input->add_to || listing_add_to(listing, input->add_to, options->root, err));
}
