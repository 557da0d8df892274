/*
 * Golden files of tests/parity/make_golden.py: a network's description and parameters, a batch, and what
 * PyTorch makes of it. Layout: see there. Whatever is read lives as long as the golden is open.
 */
#pragma once

#include "base/arena.h"
#include "io/h5.h"
#include "models/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HEADS_MAX = 8 };

typedef struct Golden {
    const char *path, *name; /* name: of the file, without folder and ending */
    H5 *file;
    Arena *arena;
    bool has_state;
    bool is_smooth; /* no ReLU, no max pooling: rounding cannot flip a sign */
    double float32_logits, float32_gradients; /* errors of PyTorch's own float32 */
    int images;                               /* N of the file */
    ModelSpec spec;
    HeadSpec head[HEADS_MAX];
    int32_t *label[HEADS_MAX]; /* (images) */
    float weight[HEADS_MAX];
    float *pixels; /* (images,image,image,3) */
} Golden;

#define CHECK(call)                                                                                \
    do {                                                                                           \
        if (!(call)) fail_msg("%s", err.text);                                                     \
    } while (0)

/* A text among the file's attributes. */
static inline char *golden_attribute(const Golden *golden, const char *key)
{
    Error err = {0};
    char *text = NULL;
    CHECK(h5_read_attribute_text(golden->file, "/", key, &text, &err));
    char *copy = arena_strdup(golden->arena, text);
    free(text);
    return copy;
}

static inline H5Shape golden_h5_shape(Shape shape)
{
    H5Shape out = {.rank = shape.rank};
    for (int i = 0; i < shape.rank; i++) out.dim[i] = (uint64_t)shape.dim[i];
    return out;
}

/* /GROUP/NAME as it is. */
static inline float *golden_floats(const Golden *golden, const char *group, const char *name,
                                   Shape shape)
{
    Error err = {0};
    float *data = arena_new(golden->arena, float, shape_count(shape));
    const char *full = arena_printf(golden->arena, "/%s/%s", group, name);
    CHECK(h5_read(golden->file, full, H5_F32, golden_h5_shape(shape), data, &err));
    return data;
}

/* /GROUP/NAME of a parameter or statistic, decoded from its 8-bit form. */
static inline void golden_codes(const Golden *golden, const char *group, const Param *param,
                                float *value)
{
    Error err = {0};
    int64_t exponent;
    uint8_t *code = arena_new(golden->arena, uint8_t, param->count);
    const char *full = arena_printf(golden->arena, "/%s/%s", group, param->name);
    CHECK(h5_read(golden->file, full, H5_U8, golden_h5_shape(param->shape), code, &err));
    CHECK(h5_read_attribute_int(golden->file, full, "exponent", &exponent, &err));
    for (size_t i = 0; i < param->count; i++)
        value[i] = ldexpf((float)((int)code[i] - 128), (int)exponent);
}

/* "key=value" lines through the trunk's option table, as the configuration's would go. */
static inline void golden_options(Golden *golden)
{
    const Option *table = golden->spec.trunk->options;
    void *values = arena_alloc(golden->arena, golden->spec.trunk->options_bytes);
    option_defaults(table, values);
    char *rest = golden_attribute(golden, "options"), *line;
    while ((line = strtok_r(rest, "\n", &rest))) {
        Error err = {0};
        char *equals = strchr(line, '=');
        assert_non_null(equals);
        *equals = 0;
        const Option *option = option_find(table, line);
        if (!option) fail_msg("%s: unknown option %s", golden->path, line);
        CHECK(option_parse(option, equals + 1, values, &err));
    }
    golden->spec.trunk_options = values;
}

static inline void golden_heads(Golden *golden)
{
    char *rest = golden_attribute(golden, "heads"), *line;
    while ((line = strtok_r(rest, "\n", &rest))) {
        Error err = {0};
        int h = golden->spec.heads++;
        assert_true(h < HEADS_MAX);
        char *equals = strchr(line, '=');
        assert_non_null(equals);
        *equals = 0;
        golden->head[h] = (HeadSpec){.name = line, .classes = atoi(equals + 1)};
        golden->label[h] = arena_new(golden->arena, int32_t, golden->images);
        CHECK(h5_read(golden->file, arena_printf(golden->arena, "/label/%s", line), H5_I32,
                      (H5Shape){1, {(uint64_t)golden->images}}, golden->label[h], &err));
        golden->weight[h] = *golden_floats(golden, "weight", line, shape_of(1, 1));
    }
    golden->spec.head = golden->head;
}

/* "tests/parity/golden/resnet20.h5" -> "resnet20" */
static inline char *golden_name(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = arena_strdup(arena, slash ? slash + 1 : path), *dot = strrchr(name, '.');
    if (dot) *dot = 0;
    return name;
}

static inline void golden_open(Golden *golden, const char *path)
{
    Error err = {0};
    *golden = (Golden){.path = path, .arena = arena_create("golden")};
    golden->name = golden_name(golden->arena, path);
    CHECK(golden->file = h5_open(path, &err));
    golden->is_smooth = strcmp(golden_attribute(golden, "kinks"), "inf") == 0;
    golden->float32_logits = atof(golden_attribute(golden, "float32_logits"));
    golden->float32_gradients = atof(golden_attribute(golden, "float32_gradients"));
    golden->spec.trunk = trunk_find(golden_attribute(golden, "kind"), &golden->spec.kind);
    assert_non_null(golden->spec.trunk);
    golden_options(golden);
    H5Type type;
    H5Shape shape;
    CHECK(h5_info(golden->file, "/images", &type, &shape, &err));
    golden->images = (int)shape.dim[0];
    golden->spec.image = (int)shape.dim[1];
    golden->has_state = h5_has(golden->file, "/state");
    golden->pixels =
        arena_new(golden->arena, float, shape.dim[0] * shape.dim[1] * shape.dim[2] * shape.dim[3]);
    CHECK(h5_read(golden->file, "/images", H5_F32, shape, golden->pixels, &err));
    golden_heads(golden);
}

static inline void golden_close(Golden *golden)
{
    Error err = {0};
    CHECK(h5_close(golden->file, &err));
    arena_destroy(golden->arena);
}
