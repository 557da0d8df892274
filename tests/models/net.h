/* A network of a trunk and two heads on the bench, by names and values of options. */
#pragma once

#include "models/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { HEADS = 2, CLASSES = 5, LANE = 5 };

typedef struct Net {
    Arena *arena;
    Model model;
    float *prepared;
    void *options;
} Net;

static inline void set_option(const TrunkType *trunk, void *options, const char *key,
                              const char *text)
{
    Error err = {0};
    const Option *option = option_find(trunk->options, key);
    assert_non_null(option);
    if (!option_parse(option, text, options, &err)) fail_msg("%s: %s", key, err.text);
}

/* Declared and planned, without values; `classes` 0: no heads. `settings`: key, value, key, value, …, NULL */
static inline bool net_build(Net *net, const char *kind, const char *const *settings, int image,
                             int lane, int classes, Error *err)
{
    int index;
    const TrunkType *trunk = trunk_find(kind, &index);
    assert_non_null(trunk);
    net->arena = arena_create("net");
    net->options = arena_alloc(net->arena, trunk->options_bytes);
    option_defaults(trunk->options, net->options);
    for (; *settings; settings += 2) set_option(trunk, net->options, settings[0], settings[1]);
    static const HeadBody body = {{2, {4, 3}}, 0.2, HEAD_POOL_ATTENTION};
    HeadSpec head[HEADS] = {{.name = "type", .classes = classes},
                            {.name = "part", .classes = 2, .body = &body}};
    ModelSpec spec = {.trunk = trunk,
                      .kind = index,
                      .trunk_options = net->options,
                      .head = head,
                      .heads = classes ? HEADS : 0,
                      .image = image,
                      .lane = lane};
    return model_build(&net->model, &spec, net->arena, err);
}

static const char *const no_settings[] = {NULL};
