/* Values, constants and nodes of an ONNX model under construction. */
#include "onnx_emit.h"

#include <math.h>
#include <string.h>

/* --- nodes --- */

const char *emit(Emitter *emitter, const char *op_type, const char *const *inputs)
{
    const char *name =
        arena_printf(emitter->arena, "%s/%d_%s", emitter->op->name, ++emitter->nodes, op_type);
    emitter->node = onnx_add_node(emitter->onnx, op_type, inputs, name);
    return name;
}

void emit_int(Emitter *emitter, const char *key, int value)
{
    onnx_node_int(emitter->node, key, value);
}

void emit_ints(Emitter *emitter, const char *key, int count, const int *values)
{
    onnx_node_ints(emitter->node, key, count, values);
}

void emit_float(Emitter *emitter, const char *key, float value)
{
    onnx_node_float(emitter->node, key, value);
}

/* --- values --- */

static const char *transposed(Emitter *emitter, const char *name, Layout to)
{
    static const int order[LAYOUTS][4] = {{0, 3, 1, 2}, {0, 2, 3, 1}};
    name = emit(emitter, "Transpose", NAMES(name));
    emit_ints(emitter, "perm", 4, order[to]);
    return name;
}

static const char *layer_norm(Emitter *emitter, const Value *value, const char *gain,
                              const char *bias)
{
    const char *name = emit(emitter, "LayerNormalization", NAMES(value->norm_input, gain, bias));
    emit_int(emitter, "axis", -1);
    emit_float(emitter, "epsilon", value->norm_epsilon);
    return name;
}

/* A bare norm that is read as it is. */
static const char *bare_norm(Emitter *emitter, const Value *value, const Tensor *tensor)
{
    int C = tensor->shape.dim[tensor->shape.rank - 1];
    float *ones = arena_new(emitter->arena, float, C);
    for (int c = 0; c < C; c++) ones[c] = 1;
    return layer_norm(emitter, value, emit_floats(emitter, "ones", 1, &C, ones), NULL);
}

const char *emit_input(Emitter *emitter, int i, Layout layout)
{
    const Tensor *tensor = emitter->op->in[i];
    Value *value = &emitter->value[tensor->id];
    Layout other = layout == CHANNELS_FIRST ? CHANNELS_LAST : CHANNELS_FIRST;
    if (value->norm_input && !value->name[CHANNELS_LAST])
        value->name[CHANNELS_LAST] = bare_norm(emitter, value, tensor);
    if (!value->name[layout])
        value->name[layout] = tensor->shape.rank == 4
                                  ? transposed(emitter, value->name[other], layout)
                                  : value->name[other];
    return value->name[layout];
}

void emit_output(Emitter *emitter, Layout layout, const char *name)
{
    emitter->value[emitter->op->out->id].name[layout] = name;
}

const char *emit_affine_input(Emitter *emitter, int i, AffineParts affine)
{
    const Value *value = &emitter->value[emitter->op->in[i]->id];
    const char *gain = emit_param(emitter, affine.gain), *bias = emit_param(emitter, affine.bias);
    if (value->norm_input) return layer_norm(emitter, value, gain, bias);
    const char *scaled = emit(emitter, "Mul", NAMES(emit_input(emitter, i, CHANNELS_LAST), gain));
    return emit(emitter, "Add", NAMES(scaled, bias));
}

const char *emit_linear(Emitter *emitter, const char *x, LinearParts linear)
{
    const char *product =
        emit(emitter, "MatMul", NAMES(x, emit_transposed(emitter, linear.weight)));
    return emit(emitter, "Add", NAMES(product, emit_param(emitter, linear.bias)));
}

const char *emit_gelu(Emitter *emitter, const char *x)
{
    const char *root = emit_number(emitter, "root_of_2", sqrtf(2));
    const char *one = emit_number(emitter, "one", 1), *half = emit_number(emitter, "half", 0.5F);
    const char *y = emit(emitter, "Div", NAMES(x, root));
    y = emit(emitter, "Erf", NAMES(y));
    y = emit(emitter, "Add", NAMES(y, one));
    y = emit(emitter, "Mul", NAMES(x, y));
    return emit(emitter, "Mul", NAMES(y, half));
}

/* --- constants --- */

const char *emit_param(Emitter *emitter, const Param *param)
{
    const float *value = emitter->model->graph->params->value + param->offset;
    onnx_add_constant(emitter->onnx, param->name, ONNX_F32, param->shape.rank, param->shape.dim,
                      value);
    return param->name;
}

const char *emit_state(Emitter *emitter, const Param *state)
{
    const float *value = emitter->model->graph->state->value + state->offset;
    onnx_add_constant(emitter->onnx, state->name, ONNX_F32, state->shape.rank, state->shape.dim,
                      value);
    return state->name;
}

/* Adds the parameter as (outer,columns,rows) where it is (outer,rows,columns); `dim` is its new shape. */
static const char *add_swapped(Emitter *emitter, const Param *param, size_t rows, size_t columns,
                               int rank, const int *dim)
{
    const float *from = emitter->model->graph->params->value + param->offset;
    float *to = arena_new(emitter->arena, float, param->count);
    size_t outer = param->count / (rows * columns);
    for (size_t o = 0; o < outer; o++)
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                to[(o * columns + c) * rows + r] = from[(o * rows + r) * columns + c];
    onnx_add_constant(emitter->onnx, param->name, ONNX_F32, rank, dim, to);
    return param->name;
}

const char *emit_transposed(Emitter *emitter, const Param *matrix)
{
    const int *dim = matrix->shape.dim;
    return add_swapped(emitter, matrix, (size_t)dim[0], (size_t)dim[1], 2, (int[]){dim[1], dim[0]});
}

const char *emit_kernel(Emitter *emitter, const Param *kernel)
{
    const int *dim = kernel->shape.dim;
    if (kernel->shape.rank == 3)
        return add_swapped(emitter, kernel, (size_t)dim[0] * (size_t)dim[1], (size_t)dim[2], 4,
                           (int[]){dim[2], 1, dim[0], dim[1]});
    return add_swapped(emitter, kernel, (size_t)dim[1] * (size_t)dim[2], (size_t)dim[3], 4,
                       (int[]){dim[0], dim[3], dim[1], dim[2]});
}

static const char *constant_name(const Emitter *emitter, const char *key)
{
    return arena_printf(emitter->arena, "%s/%d_%s", emitter->op->name, emitter->nodes, key);
}

const char *emit_floats(Emitter *emitter, const char *key, int rank, const int *dim,
                        const float *values)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)dim[i];
    float *copy = arena_new(emitter->arena, float, count);
    memcpy(copy, values, sizeof(float) * count);
    const char *name = constant_name(emitter, key);
    onnx_add_constant(emitter->onnx, name, ONNX_F32, rank, dim, copy);
    return name;
}

const char *emit_number(Emitter *emitter, const char *key, float value)
{
    return emit_floats(emitter, key, 0, NULL, &value);
}

const char *emit_integers(Emitter *emitter, const char *key, int count, const int *values)
{
    int64_t *copy = arena_new(emitter->arena, int64_t, count);
    for (int i = 0; i < count; i++) copy[i] = values[i];
    const char *name = constant_name(emitter, key);
    onnx_add_constant(emitter->onnx, name, ONNX_I64, 1, &count, copy);
    return name;
}
