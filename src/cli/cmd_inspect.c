/* umbel inspect: what is in a pack or a checkpoint. */
#include "cli/commands.h"
#include "cli/fail.h"
#include "data/pack.h"
#include "io/seal.h"
#include "train/checkpoint.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static error_t parse(int key, char *text, struct argp_state *state)
{
    const char **path = state->input;
    if (key == ARGP_KEY_ARG) {
        if (*path) argp_error(state, "%s: one file at a time", text);
        *path = text;
        return 0;
    }
    if (key == ARGP_KEY_END && !*path) argp_error(state, "no file given");
    return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {NULL,
                                 parse,
                                 "FILE",
                                 "Describe a pack or a checkpoint.\v"
                                 "Example: umbel inspect parts.h5",
                                 NULL,
                                 NULL,
                                 NULL};

/* --- packs --- */

static void print_group(const Pack *pack, const LabelGroup *group)
{
    int64_t labelled = 0;
    for (size_t r = 0; r < pack_records(pack); r++) labelled += group->label[r] >= 0;
    printf("  %-16s %6d classes  %8lld labelled  %8lld missing\n", group->name, group->classes,
           (long long)labelled, (long long)pack_records(pack) - (long long)labelled);
}

static bool inspect_pack(const char *path, Error *err)
{
    Pack *pack = pack_open(path, err);
    if (!pack) return false;
    uint64_t bytes = 0;
    for (size_t r = 0; r < pack_records(pack); r++) bytes += pack_image_bytes(pack, r);
    char hash[HASH_TEXT_BYTES];
    hash_print(pack_hash(pack), hash);
    printf("%s: pack, version %d\n  %zu images, %.1f MB; tables' hash %s\n", path, PACK_VERSION,
           pack_records(pack), (double)bytes / 1e6, hash);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        size_t count;
        pack_split(pack, split, &count);
        printf("  %-16s %8zu images\n", split_name(split), count);
    }
    printf("Label groups:\n");
    for (int g = 0; g < pack_groups(pack); g++) print_group(pack, pack_group(pack, g));
    pack_close(pack);
    return true;
}

/* --- checkpoints --- */

static size_t count_group(const Checkpoint *checkpoint, const char *group)
{
    size_t count = 0;
    for (int i = 0; i < checkpoint->arrays; i++)
        if (strcmp(checkpoint->array[i].group, group) == 0)
            count += shape_count(checkpoint->array[i].shape);
    return count;
}

static void print_best(const Checkpoint *checkpoint, int head, const char *name)
{
    if (checkpoint->best[head] >= 0)
        printf("  %-16s best validation accuracy %.2f%%\n", name, 100 * checkpoint->best[head]);
}

static bool inspect_checkpoint(const char *path, Error *err)
{
    Arena *arena = arena_create("checkpoint");
    Checkpoint checkpoint;
    Hash128 digest;
    bool ok = checkpoint_load(&checkpoint, path, arena, err) &&
              checkpoint_digest(&checkpoint, &digest, err);
    if (ok) {
        char text[HASH_TEXT_BYTES];
        hash_print(digest, text);
        printf("%s: checkpoint, version %d\n  step %" PRIu64 ", epoch %" PRIu64 ", %" PRIu64
               " updates, %" PRIu64
               " steps skipped\n  %zu parameters, %zu statistics\n  digest %s\nHeads:\n",
               path, CHECKPOINT_VERSION, checkpoint.step, checkpoint.epoch, checkpoint.updates,
               checkpoint.skipped, count_group(&checkpoint, "param"),
               count_group(&checkpoint, "state"), text);
        for (int h = 0; h < checkpoint.heads; h++) {
            printf("  %-16s %6d classes\n", checkpoint.head[h].name, checkpoint.head[h].classes);
            print_best(&checkpoint, h, checkpoint.head[h].name);
        }
        print_best(&checkpoint, checkpoint.heads, "joint");
        printf("Written by:\n%s\nConfiguration:\n%s", checkpoint.provenance, checkpoint.config);
    }
    arena_destroy(arena);
    return ok;
}

int cmd_inspect(int argc, char **argv)
{
    const char *path = NULL;
    cli_parse(&argp, argc, argv, &path);
    Error err = {0};
    SealKind kind;
    bool ok = seal_kind(path, &kind, &err) &&
              (kind == SEAL_PACK ? inspect_pack(path, &err) : inspect_checkpoint(path, &err));
    return ok ? EXIT_DONE : cli_fail(&err);
}
