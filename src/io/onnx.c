/*
 * ONNX through protobuf-c; the only file that includes the code that protoc-c makes of onnx.proto.
 * Messages live in the caller's arena, so nothing is freed piece by piece.
 */
#include "io/onnx.h"

#include "base/version.h"
#include "io/file.h"

#include <assert.h>
#include <errno.h>
#include <onnx.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

struct Onnx {
    Arena *arena;
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    Onnx__OperatorSetIdProto opset, *opsets[1];
};

struct OnnxNode {
    Arena *arena;
    Onnx__NodeProto proto;
};

/* --- building --- */

Onnx *onnx_create(Arena *arena, const char *graph_name)
{
    Onnx *onnx = arena_new(arena, Onnx, 1);
    onnx->arena = arena;
    onnx__graph_proto__init(&onnx->graph);
    onnx->graph.name = arena_strdup(arena, graph_name);
    onnx__operator_set_id_proto__init(&onnx->opset);
    onnx->opset.domain = arena_strdup(arena, ""); /* the standard operators */
    onnx->opset.has_version = 1;
    onnx->opset.version = ONNX_OPSET;
    onnx->opsets[0] = &onnx->opset;
    onnx__model_proto__init(&onnx->model);
    onnx->model.has_ir_version = 1;
    onnx->model.ir_version = ONNX_IR_VERSION;
    onnx->model.producer_name = arena_strdup(arena, "umbel");
    onnx->model.producer_version = arena_strdup(arena, version_text());
    onnx->model.graph = &onnx->graph;
    onnx->model.n_opset_import = 1;
    onnx->model.opset_import = onnx->opsets;
    return onnx;
}

static Onnx__TensorShapeProto__Dimension *new_dimension(Arena *arena, int size)
{
    Onnx__TensorShapeProto__Dimension *dimension =
        arena_new(arena, Onnx__TensorShapeProto__Dimension, 1);
    onnx__tensor_shape_proto__dimension__init(dimension);
    if (size == ONNX_BATCH) {
        dimension->dim_param = arena_strdup(arena, "batch");
    } else {
        dimension->has_dim_value = 1;
        dimension->dim_value = size;
    }
    return dimension;
}

static Onnx__ValueInfoProto *new_value(Arena *arena, const char *name, OnnxType type, int rank,
                                       const int *dim)
{
    Onnx__TensorShapeProto *shape = arena_new(arena, Onnx__TensorShapeProto, 1);
    onnx__tensor_shape_proto__init(shape);
    shape->n_dim = (size_t)rank;
    shape->dim = arena_new(arena, Onnx__TensorShapeProto__Dimension *, rank + 1);
    for (int i = 0; i < rank; i++) shape->dim[i] = new_dimension(arena, dim[i]);

    Onnx__TypeProto__Tensor *tensor = arena_new(arena, Onnx__TypeProto__Tensor, 1);
    onnx__type_proto__tensor__init(tensor);
    tensor->has_elem_type = 1;
    tensor->elem_type = (int32_t)type;
    tensor->shape = shape;

    Onnx__ValueInfoProto *value = arena_new(arena, Onnx__ValueInfoProto, 1);
    onnx__value_info_proto__init(value);
    value->name = arena_strdup(arena, name);
    value->type = arena_new(arena, Onnx__TypeProto, 1);
    onnx__type_proto__init(value->type);
    value->type->tensor_type = tensor;
    return value;
}

void onnx_add_input(Onnx *onnx, const char *name, OnnxType type, int rank, const int *dim)
{
    Onnx__GraphProto *graph = &onnx->graph;
    graph->input = arena_extend(onnx->arena, graph->input, graph->n_input);
    graph->input[graph->n_input++] = new_value(onnx->arena, name, type, rank, dim);
}

void onnx_add_output(Onnx *onnx, const char *name, OnnxType type, int rank, const int *dim)
{
    Onnx__GraphProto *graph = &onnx->graph;
    graph->output = arena_extend(onnx->arena, graph->output, graph->n_output);
    graph->output[graph->n_output++] = new_value(onnx->arena, name, type, rank, dim);
}

void onnx_add_metadata(Onnx *onnx, const char *key, const char *value)
{
    Onnx__ModelProto *model = &onnx->model;
    Onnx__StringStringEntryProto *entry = arena_new(onnx->arena, Onnx__StringStringEntryProto, 1);
    onnx__string_string_entry_proto__init(entry);
    entry->key = arena_strdup(onnx->arena, key);
    entry->value = arena_strdup(onnx->arena, value);
    model->metadata_props =
        arena_extend(onnx->arena, model->metadata_props, model->n_metadata_props);
    model->metadata_props[model->n_metadata_props++] = entry;
}

static size_t element_bytes(OnnxType type)
{
    return type == ONNX_U8 ? 1 : type == ONNX_F32 ? sizeof(float) : sizeof(int64_t);
}

void onnx_add_constant(Onnx *onnx, const char *name, OnnxType type, int rank, const int *dim,
                       const void *data)
{
    Onnx__TensorProto *tensor = arena_new(onnx->arena, Onnx__TensorProto, 1);
    onnx__tensor_proto__init(tensor);
    tensor->name = arena_strdup(onnx->arena, name);
    tensor->has_data_type = 1;
    tensor->data_type = (int32_t)type;
    tensor->n_dims = (size_t)rank;
    tensor->dims = arena_new(onnx->arena, int64_t, rank + 1);
    size_t bytes = element_bytes(type);
    for (int i = 0; i < rank; i++) bytes *= (size_t)(tensor->dims[i] = dim[i]);
    tensor->has_raw_data = 1;
    tensor->raw_data.len = bytes;
    tensor->raw_data.data = (uint8_t *)data; /* protobuf-c only reads it */
    Onnx__GraphProto *graph = &onnx->graph;
    graph->initializer = arena_extend(onnx->arena, graph->initializer, graph->n_initializer);
    graph->initializer[graph->n_initializer++] = tensor;
}

/* --- nodes --- */

OnnxNode *onnx_add_node(Onnx *onnx, const char *op_type, const char *const *inputs,
                        const char *output)
{
    OnnxNode *node = arena_new(onnx->arena, OnnxNode, 1);
    Onnx__NodeProto *proto = &node->proto;
    node->arena = onnx->arena;
    onnx__node_proto__init(proto);
    proto->op_type = arena_strdup(onnx->arena, op_type);
    proto->name = arena_strdup(onnx->arena, output);
    for (; *inputs; inputs++) {
        proto->input = arena_extend(onnx->arena, proto->input, proto->n_input);
        proto->input[proto->n_input++] = arena_strdup(onnx->arena, *inputs);
    }
    onnx_node_output(node, output);
    Onnx__GraphProto *graph = &onnx->graph;
    graph->node = arena_extend(onnx->arena, graph->node, graph->n_node);
    graph->node[graph->n_node++] = proto;
    return node;
}

void onnx_node_output(OnnxNode *node, const char *name)
{
    Onnx__NodeProto *proto = &node->proto;
    proto->output = arena_extend(node->arena, proto->output, proto->n_output);
    proto->output[proto->n_output++] = arena_strdup(node->arena, name);
}

static Onnx__AttributeProto *add_attribute(OnnxNode *node, const char *key,
                                           Onnx__AttributeProto__AttributeType type)
{
    Onnx__NodeProto *proto = &node->proto;
    Onnx__AttributeProto *attribute = arena_new(node->arena, Onnx__AttributeProto, 1);
    onnx__attribute_proto__init(attribute);
    attribute->name = arena_strdup(node->arena, key);
    attribute->has_type = 1;
    attribute->type = type;
    proto->attribute = arena_extend(node->arena, proto->attribute, proto->n_attribute);
    return proto->attribute[proto->n_attribute++] = attribute;
}

void onnx_node_int(OnnxNode *node, const char *key, int64_t value)
{
    Onnx__AttributeProto *attribute =
        add_attribute(node, key, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    attribute->has_i = 1;
    attribute->i = value;
}

void onnx_node_ints(OnnxNode *node, const char *key, int count, const int *values)
{
    Onnx__AttributeProto *attribute =
        add_attribute(node, key, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    attribute->n_ints = (size_t)count;
    attribute->ints = arena_new(node->arena, int64_t, count);
    for (int i = 0; i < count; i++) attribute->ints[i] = values[i];
}

void onnx_node_float(OnnxNode *node, const char *key, float value)
{
    Onnx__AttributeProto *attribute =
        add_attribute(node, key, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    attribute->has_f = 1;
    attribute->f = value;
}

/* --- writing --- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every value has one origin: an input, a constant, or a node. */
static bool check_names(const Onnx *onnx, const char *path, Error *err)
{
    const Onnx__GraphProto *graph = &onnx->graph;
    size_t count = graph->n_input + graph->n_initializer, next = 0;
    for (size_t i = 0; i < graph->n_node; i++) count += graph->node[i]->n_output;
    const char **names = arena_new(onnx->arena, const char *, count + 1);
    for (size_t i = 0; i < graph->n_input; i++) names[next++] = graph->input[i]->name;
    for (size_t i = 0; i < graph->n_initializer; i++) names[next++] = graph->initializer[i]->name;
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_output; j++)
            names[next++] = graph->node[i]->output[j];
    assert(next == count);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return error_set(err, ERROR_DATA,
                             "cannot write %s: two of its values are called \"%s\"", path,
                             names[i]);
    return true;
}

/* protobuf-c hands the file over piece by piece: weights go from where they lie to the file. */
typedef struct FileBuffer {
    ProtobufCBuffer base;
    FILE *file;
    bool failed;
} FileBuffer;

static void append_to_file(ProtobufCBuffer *base, size_t bytes, const uint8_t *data)
{
    FileBuffer *buffer = (FileBuffer *)base;
    if (!buffer->failed) buffer->failed = fwrite(data, 1, bytes, buffer->file) != bytes;
}

/* errno tells why it failed. */
static bool write_file(const Onnx *onnx, const char *path)
{
    FileBuffer buffer = {.base = {.append = append_to_file}, .file = fopen(path, "wbe")};
    if (!buffer.file) return false;
    protobuf_c_message_pack_to_buffer(&onnx->model.base, &buffer.base);
    int reason = errno;
    if (fclose(buffer.file) == 0 && !buffer.failed) return true;
    if (buffer.failed) errno = reason;
    return false;
}

bool onnx_write(const Onnx *onnx, const char *path, Error *err)
{
    if (!check_names(onnx, path, err)) return false;
    size_t bytes = protobuf_c_message_get_packed_size(&onnx->model.base);
    if (bytes > INT32_MAX)
        return error_set(err, ERROR_DATA,
                         "cannot write %s: it would have %.1f GiB, an ONNX file at most 2", path,
                         (double)bytes / (1 << 30));
    char temporary[PATH_BYTES];
    file_temporary(path, temporary, sizeof temporary);
    if (write_file(onnx, temporary)) return file_commit(temporary, path, err);
    error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    unlink(temporary);
    return false;
}
