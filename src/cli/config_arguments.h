/* The arguments of commands that read a configuration: CONFIG.yaml, and --set. Such a command has
 * config_arguments_child among the children of its argp, first, and a ConfigArguments as its input. */
#pragma once

#include <argp.h>

enum { SETS_MAX = 256 };

typedef struct ConfigArguments {
    const char *path; /* NULL: none was given; first, where arguments.h looks for it */
    const char *set[SETS_MAX];
    int sets;
} ConfigArguments;

extern const struct argp_child config_arguments_child[]; /* ends with zeros */
