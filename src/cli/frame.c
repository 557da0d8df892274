/* What commands do alike. */
#include "frame.h"

#include <stdio.h>
#include <stdlib.h>

int run_on_ranks(int argc, char **argv, const char *name, CommandBody *body, void *arguments)
{
    Comm *comm = comm_open(&argc, &argv);
    Arena *arena = arena_create(name);
    int code = body(arguments, comm, arena);
    arena_destroy(arena);
    comm_close(comm);
    return code;
}

void put_json(Json *json)
{
    char *text = json_print(json, true);
    json_destroy(json);
    puts(text);
    free(text);
}
