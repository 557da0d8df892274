/* umbel: the table of commands. */
#include "base/arena.h"
#include "base/option.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "complete.h"
#include "dist/comm.h"
#include "train/provenance.h"

#include <stdio.h>
#include <string.h>

typedef struct Command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} Command;

static const Command commands[] = {
    {"pack", cmd_pack, "make a data pack from image files and labels"},
    {"unpack", cmd_unpack, "write the images and labels of a pack as files"},
    {"train", cmd_train, "train a model; also under mpirun or srun"},
    {"sweep", cmd_sweep,
     "search values of a configuration by successive halving; also under mpirun or srun"},
    {"eval", cmd_eval, "score a checkpoint on a split of a pack"},
    {"predict", cmd_predict,
     "tell what a checkpoint sees in image files; also under mpirun or srun"},
    {"calibrate", cmd_calibrate,
     "fit temperatures, so that probabilities are right as often as they say"},
    {"import", cmd_import, "make a checkpoint of a network that another program trained"},
    {"heads", cmd_heads, "add, drop and rename heads of a checkpoint"},
    {"export", cmd_export, "write a checkpoint's network as ONNX or safetensors"},
    {"digest", cmd_digest, "print a checkpoint's digest, one hexadecimal line"},
    {"inspect", cmd_inspect, "describe a pack or a checkpoint"},
    {"lint", cmd_lint, "find what is wrong with the images and labels of a pack"},
    {"report", cmd_report, "write a page about runs: curves, confusions, mistakes, speed"},
    {"bench", cmd_bench, "measure training steps, ops and kernels; also under mpirun or srun"},
    {"plan", cmd_plan, "foretell steps, memory and time on other numbers of ranks"},
    {"doctor", cmd_doctor, "check machine, launch and configuration; also under mpirun or srun"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
    fputs("umbel trains one network with several heads, one per label group, on any number of "
          "CPUs.\n\n"
          "Usage: umbel COMMAND [ARGUMENTS]\n       umbel COMMAND --help\n       umbel "
          "--version\n\nCommands:\n",
          out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].help);
}

static int print_version(int argc, char **argv)
{
    Comm *comm = comm_open(&argc, &argv);
    Arena *arena = arena_create("version");
    if (comm_rank(comm) == 0) puts(provenance_text(arena));
    arena_destroy(arena);
    comm_close(comm);
    return EXIT_DONE;
}

static int unknown(const char *name)
{
    const char *names[COMMANDS];
    for (int i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    const char *near = option_nearest(name, names, COMMANDS);
    fprintf(stderr, "umbel: %s: no such command; %s%s%s\n", name,
            near ? "did you mean " : "see umbel --help", near ? near : "", near ? "?" : "");
    return EXIT_USAGE;
}

static const Command *find_command(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static int run_command(const Command *command, int argc, char **argv)
{
    static char name[64];
    snprintf(name, sizeof name, "umbel %s", command->name);
    argv[0] = name;
    return command->run(argc, argv);
}

/* umbel complete WORD...: what could stand in place of the last word. For launch/completion, not for people. */
static int complete(int words, char **word)
{
    if (words > 1) {
        const Command *command = find_command(word[0]);
        complete_instead();
        return command ? run_command(command, words, word) : EXIT_DONE;
    }
    const char *begun = words ? word[0] : "";
    for (int i = 0; i < COMMANDS; i++) complete_offer(begun, commands[i].name, commands[i].help);
    complete_offer(begun, "--help", "list the commands");
    complete_offer(begun, "--version", "tell the versions of umbel and of its libraries");
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) return print_version(argc, argv);
    if (strcmp(argv[1], "complete") == 0) return complete(argc - 2, argv + 2);
    const Command *command = find_command(argv[1]);
    return command ? run_command(command, argc - 1, argv + 1) : unknown(argv[1]);
}
