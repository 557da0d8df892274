/* Completion from the option tables; what an option's value is follows from its placeholder. */
#include "complete.h"

#include "complete_values.h"

#include <stdio.h>
#include <string.h>

static bool is_wanted;

void complete_instead(void)
{
    is_wanted = true;
}

bool complete_is_wanted(void)
{
    return is_wanted;
}

void complete_offer(const char *begun, const char *word, const char *help)
{
    if (strncmp(word, begun, strlen(begun)) == 0) printf("%s\t%s\n", word, help);
}

/* --- options --- */

/* Of the table and its children; NULL: none is called so. */
static const struct argp_option *find_long(const struct argp *argp, const char *name, size_t length)
{
    for (const struct argp_option *option = argp->options; option && option->name; option++)
        if (strncmp(option->name, name, length) == 0 && !option->name[length]) return option;
    for (const struct argp_child *child = argp->children; child && child->argp; child++) {
        const struct argp_option *found = find_long(child->argp, name, length);
        if (found) return found;
    }
    return NULL;
}

static const struct argp_option *find_short(const struct argp *argp, int letter)
{
    for (const struct argp_option *option = argp->options; option && option->name; option++)
        if (option->key == letter) return option;
    for (const struct argp_child *child = argp->children; child && child->argp; child++) {
        const struct argp_option *found = find_short(child->argp, letter);
        if (found) return found;
    }
    return NULL;
}

/* The option that `word` is, with or without "=VALUE"; NULL: none. */
static const struct argp_option *option_of(const struct argp *argp, const char *word)
{
    if (strncmp(word, "--", 2) == 0) return find_long(argp, word + 2, strcspn(word + 2, "="));
    return word[0] == '-' && word[1] && !word[2] ? find_short(argp, word[1]) : NULL;
}

static void offer_options(const struct argp *argp, const char *begun)
{
    for (const struct argp_option *option = argp->options; option && option->name; option++) {
        char word[64];
        snprintf(word, sizeof word, "--%s", option->name);
        complete_offer(begun, word, option->doc);
    }
    for (const struct argp_child *child = argp->children; child && child->argp; child++)
        offer_options(child->argp, begun);
}

/* --- arguments without an option --- */

static const char *usage_of(const struct argp *argp)
{
    const char *usage = argp->args_doc;
    for (const struct argp_child *child = argp->children; !usage && child && child->argp; child++)
        usage = usage_of(child->argp);
    return usage;
}

static bool was_given(int argc, char **argv, const char *option, size_t length)
{
    for (int i = 1; i < argc - 1; i++)
        if (strncmp(argv[i], option, length) == 0 && !argv[i][length]) return true;
    return false;
}

/* The placeholder of arguments without an option: the first of the usage, or that of the line of usage whose
 * option was given, as in "[DIR]\n--tar SHARD.tar...". */
static const char *placeholder_of(const char *usage, int argc, char **argv)
{
    for (const char *line = strchr(usage, '\n'); line; line = strchr(line + 1, '\n')) {
        size_t length = strcspn(line + 1, " ");
        if (line[1] == '-' && was_given(argc, argv, line + 1, length)) return line + 1 + length + 1;
    }
    return usage + (usage[0] == '[');
}

/* --- a word --- */

void complete_arguments(const struct argp *argp, int argc, char **argv)
{
    const char *word = argc > 1 ? argv[argc - 1] : "", *value = strchr(word, '=');
    const struct argp_option *before = argc > 2 ? option_of(argp, argv[argc - 2]) : NULL;
    const struct argp_option *own = option_of(argp, word);
    const char *usage = usage_of(argp);
    if (before && before->arg)
        complete_value(before->arg, (Place){word, 0});
    else if (own && own->arg && value)
        complete_value(own->arg, (Place){word, (int)(value + 1 - word)});
    else if (word[0] == '-') {
        offer_options(argp, word);
        complete_offer(word, "--help", "Give this help list");
    } else if (usage)
        complete_value(placeholder_of(usage, argc, argv), (Place){word, 0});
}
