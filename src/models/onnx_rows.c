/* Emitters of ops over the last axis: norms, linear layers, the MLP. */
#include "onnx_emit.h"

static void await_affine(Emitter *emitter, float epsilon)
{
    Value *value = &emitter->value[emitter->op->out->id];
    value->norm_input = emit_input(emitter, 0, CHANNELS_LAST);
    value->norm_epsilon = epsilon;
}

void emit_normalize(Emitter *emitter)
{
    await_affine(emitter, nn_normalize_epsilon(emitter->op));
}

void emit_affine(Emitter *emitter)
{
    AffineParts parts = nn_affine_parts(emitter->op);
    emit_output(emitter, CHANNELS_LAST, emit_affine_input(emitter, 0, parts));
}

void emit_layernorm(Emitter *emitter)
{
    float epsilon;
    AffineParts parts = nn_layernorm_parts(emitter->op, &epsilon);
    const char *y = emit(emitter, "LayerNormalization",
                         NAMES(emit_input(emitter, 0, CHANNELS_LAST),
                               emit_param(emitter, parts.gain), emit_param(emitter, parts.bias)));
    emit_int(emitter, "axis", -1);
    emit_float(emitter, "epsilon", epsilon);
    emit_output(emitter, CHANNELS_LAST, y);
}

/* x + bias + weight * x * n, n the norm of a channel over the image / their mean over channels. */
void emit_grn(Emitter *emitter)
{
    float epsilon;
    AffineParts parts = nn_grn_parts(emitter->op, &epsilon);
    const char *x = emit_input(emitter, 0, CHANNELS_LAST);
    const char *norm = emit(emitter, "ReduceL2", NAMES(x));
    emit_ints(emitter, "axes", 2, (int[]){1, 2});
    const char *mean = emit(emitter, "ReduceMean", NAMES(norm));
    emit_ints(emitter, "axes", 1, (int[]){3});
    mean = emit(emitter, "Add", NAMES(mean, emit_number(emitter, "epsilon", epsilon)));
    const char *y = emit(emitter, "Div", NAMES(norm, mean));
    y = emit(emitter, "Mul", NAMES(x, y));
    y = emit(emitter, "Mul", NAMES(y, emit_param(emitter, parts.gain)));
    y = emit(emitter, "Add", NAMES(y, emit_param(emitter, parts.bias)));
    emit_output(emitter, CHANNELS_LAST, emit(emitter, "Add", NAMES(y, x)));
}

static const char *linear(Emitter *emitter)
{
    return emit_linear(emitter, emit_input(emitter, 0, CHANNELS_LAST),
                       nn_linear_parts(emitter->op));
}

/* Drop path is of training only. */
static void add_residual(Emitter *emitter, const char *branch)
{
    const char *residual = emit_input(emitter, 1, CHANNELS_LAST);
    emit_output(emitter, CHANNELS_LAST, emit(emitter, "Add", NAMES(branch, residual)));
}

void emit_plain_linear(Emitter *emitter)
{
    emit_output(emitter, CHANNELS_LAST, linear(emitter));
}

void emit_linear_gelu(Emitter *emitter)
{
    emit_output(emitter, CHANNELS_LAST, emit_gelu(emitter, linear(emitter)));
}

void emit_linear_residual(Emitter *emitter)
{
    add_residual(emitter, linear(emitter));
}

void emit_mlp(Emitter *emitter)
{
    MlpParts parts = nn_mlp_parts(emitter->op);
    const char *y = emit_affine_input(emitter, 0, parts.norm);
    y = emit_gelu(emitter, emit_linear(emitter, y, parts.fc1));
    y = emit_linear(emitter, y, parts.fc2);
    if (parts.gamma) y = emit(emitter, "Mul", NAMES(y, emit_param(emitter, parts.gamma)));
    add_residual(emitter, y);
}
