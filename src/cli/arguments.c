/* Arguments that are only kept. */
#include "arguments.h"

#include "cli/fail.h"
#include "data/pack.h"

#include <stdio.h>

static void *place_of(const Argument *argument, const struct argp_state *state)
{
    return (char *)state->input + argument->offset;
}

static void keep_number(const Argument *argument, const struct argp_option *options,
                        const char *text, struct argp_state *state)
{
    char name[64] = "";
    for (const struct argp_option *option = options; option->name; option++)
        if (option->key == argument->key) snprintf(name, sizeof name, "--%s", option->name);
    *(int *)place_of(argument, state) =
        (int)cli_number(state, name, text, argument->low, argument->high);
}

static void keep_pack(PackArgument *packs, const char *text, struct argp_state *state)
{
    if (!packs->name) {
        packs->name = text;
        return;
    }
    bool fits = packs->name == packs->list ||
                snprintf(packs->list, sizeof packs->list, "%s", packs->name) < PACK_NAME_BYTES;
    packs->name = packs->list;
    if (!fits || !pack_names_add(packs->list, sizeof packs->list, text))
        argp_error(state,
                   "the names of the packs are longer than %d bytes; name them by a pattern in "
                   "quotes: 'parts-*.h5'",
                   PACK_NAME_BYTES - 1);
}

static void keep(const Argument *argument, const struct argp_option *options, char *text,
                 struct argp_state *state)
{
    void *place = place_of(argument, state);
    switch (argument->kind) {
    case ARGUMENT_ONLY:
        if (*(const char **)place) argp_error(state, "%s: one %s at a time", text, argument->what);
        *(const char **)place = text;
        return;
    case ARGUMENT_TEXT:
        *(const char **)place = text;
        return;
    case ARGUMENT_FLAG:
        *(bool *)place = true;
        return;
    case ARGUMENT_SPLIT:
        if (!split_parse(text, place))
            argp_error(state, "--split: must be train, val or test, not \"%s\"", text);
        return;
    case ARGUMENT_PACKS:
        keep_pack(place, text, state);
        return;
    case ARGUMENT_CONFIG:
        state->child_inputs[0] = place;
        return;
    case ARGUMENT_INT:
        keep_number(argument, options, text, state);
        return;
    case ARGUMENT_END:
        return;
    }
}

static void check_missing(const Argument *table, struct argp_state *state)
{
    for (const Argument *argument = table; argument->kind != ARGUMENT_END; argument++)
        if (argument->missing && !*(const char **)place_of(argument, state))
            argp_error(state, "%s", argument->missing);
}

error_t arguments_keep(const Argument *table, const struct argp_option *options, int key,
                       char *text, struct argp_state *state)
{
    if (key == ARGP_KEY_END) check_missing(table, state);
    for (const Argument *argument = table; argument->kind != ARGUMENT_END; argument++) {
        int wanted = argument->kind == ARGUMENT_ONLY ? ARGP_KEY_ARG : argument->key;
        if (wanted != key) continue;
        keep(argument, options, text, state);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}
