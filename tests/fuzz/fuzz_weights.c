/* Weights of other programs: a line of JSON, the header of a safetensors file, and its data; the length
 * before them is always right. Behind a first byte 0xFF lies a whole file as it is. What opens is read, and
 * loaded into a few parameters of a vision transformer. */
#include "fuzz.h"
#include "io/safetensors.h"
#include "models/foreign.h"

#include <stdlib.h>
#include <string.h>

enum { FACTOR = 64, LENGTH_BYTES = 8, WHOLE = 0xFF };

static const char *write_file(const uint8_t *data, size_t bytes, size_t *file_bytes)
{
    if (bytes > 0 && *data == WHOLE) {
        *file_bytes = bytes - 1;
        return fuzz_file(data + 1, bytes - 1);
    }
    const uint8_t *newline = memchr(data, '\n', bytes);
    size_t header = newline ? (size_t)(newline - data) : bytes,
           rest = newline ? header + 1 : header;
    *file_bytes = LENGTH_BYTES + header + bytes - rest;
    uint8_t *file = calloc(*file_bytes, 1);
    for (int i = 0; i < LENGTH_BYTES; i++) file[i] = (uint8_t)((uint64_t)header >> 8 * i);
    memcpy(file + LENGTH_BYTES, data, header);
    memcpy(file + LENGTH_BYTES + header, data + rest, bytes - rest);
    const char *path = fuzz_file(file, *file_bytes);
    free(file);
    return path;
}

static void read_arrays(const Safetensors *file)
{
    for (int i = 0; i < safetensors_count(file); i++) {
        const SafetensorsArray *array = safetensors_at(file, i);
        FUZZ_REQUIRE(array->rank >= 0 && array->rank <= SAFETENSORS_RANK_MAX && *array->name);
        FUZZ_REQUIRE(safetensors_find(file, array->name) == array);
        float *out = malloc(sizeof(float) * (array->count + 1));
        Error err = {0};
        fuzz_check_error(safetensors_read(file, array, out, &err), &err);
        free(out);
    }
}

static void declare(ParamStore *store, const char *name, Shape shape)
{
    param_declare(store, name, shape, (Init){INIT_CONSTANT, 0}, false);
}

static ParamStore *make_params(Arena *arena)
{
    ParamStore *store = param_store_create(arena);
    declare(store, "trunk.cls_token", (Shape){1, {4}});
    declare(store, "trunk.pos_embed", (Shape){2, {5, 4}});
    declare(store, "trunk.patch_embed.proj.weight", (Shape){4, {4, 2, 2, 3}});
    declare(store, "trunk.blocks.0.attn.qkv.weight", (Shape){2, {12, 4}});
    declare(store, "trunk.blocks.0.norm1.bias", (Shape){1, {4}});
    declare(store, "heads.class.linear.weight", (Shape){2, {3, 4}});
    declare(store, "heads.class.linear.bias", (Shape){1, {3}});
    param_layout(store, 1);
    return store;
}

static void load(const Safetensors *file)
{
    static const char kind[] = "vit_tiny";
    Arena *arena = arena_create("fuzz");
    ParamStore *params = make_params(arena), *state = param_store_create(arena);
    ForeignModel model;
    ForeignOptions options = {.path = "weights", .head = "class"};
    Error err = {0};
    bool ok = foreign_open(&model, file, "weights", "vit", kind, params, &err);
    fuzz_check_error(ok, &err);
    if (ok) {
        FUZZ_REQUIRE(foreign_classes(&model) >= 0);
        fuzz_check_error(foreign_load(&model, &options, params, state, &err), &err);
    }
    arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    size_t file_bytes;
    Error err = {0};
    const char *path = write_file(data, bytes, &file_bytes);
    fuzz_allow(file_bytes, FACTOR);
    Safetensors *file = safetensors_open(path, &err);
    fuzz_check_error(file != NULL, &err);
    if (file) {
        read_arrays(file);
        load(file);
    }
    safetensors_close(file);
    return 0;
}
