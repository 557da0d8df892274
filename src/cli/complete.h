/*
 * Completion of command lines, for the shells (launch/completion): `umbel complete WORD...` prints what could
 * stand in place of the last word, a line each: the word, a tab, what it means. A line that begins
 * with a colon asks the shell for names that only it knows, in place of what follows the word's last
 * '=':
 *   :files [.ENDING]...  files, with one of these endings if there are any, and folders
 *   :folders             folders
 * What is offered comes from the tables that arguments and configurations are parsed by. Private to
 * cli.
 */
#pragma once

#include <argp.h>
#include <stdbool.h>

/* From here on cli_parse answers for the arguments that it gets, and ends the process. */
void complete_instead(void);
bool complete_is_wanted(void);

/* Prints what could stand in place of argv[argc - 1] among the arguments of a command. */
void complete_arguments(const struct argp *argp, int argc, char **argv);

/* Prints `word` and its meaning if it begins with `begun`. */
void complete_offer(const char *begun, const char *word, const char *help);
