/* What commands do alike around their own work. Private to cli. */
#pragma once

#include "base/arena.h"
#include "dist/comm.h"
#include "io/json.h"

/* Joins the ranks, calls body(arguments, …) with an arena named `name` for its memory, and parts again; returns
 * the body's exit code. Collective. */
typedef int CommandBody(void *arguments, Comm *comm, Arena *arena);
int run_on_ranks(int argc, char **argv, const char *name, CommandBody *body, void *arguments);

/* `json` as text on standard output; destroys it. */
void put_json(Json *json);
