/* CONFIG.yaml and --set. */
#include "config_arguments.h"

enum { KEY_SET = 0x1000 }; /* no letter, nor a key of the command itself */

static const struct argp_option options[] = {
    {"set", KEY_SET, "KEY=VALUE", 0,
     "Override a key of the configuration, such as workers=4; may be repeated", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    ConfigArguments *given = state->input;
    switch (key) {
    case KEY_SET:
        if (given->sets == SETS_MAX) argp_error(state, "more than %d --set", SETS_MAX);
        given->set[given->sets++] = text;
        return 0;
    case ARGP_KEY_ARG:
        if (given->path) argp_error(state, "%s: a second configuration", text);
        given->path = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, NULL, NULL, NULL, NULL, NULL};
const struct argp_child config_arguments_child[] = {{&argp, 0, NULL, 0}, {0}};
