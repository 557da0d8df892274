/* Emitters of transformers' ops: patches as tokens, attention, tokens as features. */
#include "onnx_emit.h"

#include <math.h>

/* The class token once for each image: (batch,1,D). */
static const char *class_tokens(Emitter *emitter, const char *x, const Param *class_token)
{
    int D = class_token->shape.dim[0];
    const char *batch = emit(emitter, "Shape", NAMES(x));
    emit_int(emitter, "start", 0);
    emit_int(emitter, "end", 1);
    const char *rest = emit_integers(emitter, "one_token", 2, (int[]){1, D});
    const char *shape = emit(emitter, "Concat", NAMES(batch, rest));
    emit_int(emitter, "axis", 0);
    return emit(emitter, "Expand", NAMES(emit_param(emitter, class_token), shape));
}

void emit_tokens(Emitter *emitter)
{
    TokensParts parts = nn_tokens_parts(emitter->op);
    const int *dim = emitter->op->in[0]->shape.dim;
    const char *shape = emit_integers(emitter, "shape", 3, (int[]){0, dim[1] * dim[2], dim[3]});
    const char *x = emit(emitter, "Reshape", NAMES(emit_input(emitter, 0, CHANNELS_LAST), shape));
    if (parts.class_token) {
        x = emit(emitter, "Concat", NAMES(class_tokens(emitter, x, parts.class_token), x));
        emit_int(emitter, "axis", 1);
    }
    x = emit(emitter, "Add", NAMES(x, emit_param(emitter, parts.position)));
    emit_output(emitter, CHANNELS_LAST, x);
}

/* (N,T,D) as (N,heads,T,d), or in another order of these axes. */
static const char *split_heads(Emitter *emitter, const char *x, const char *shape,
                               const int order[4])
{
    x = emit(emitter, "Reshape", NAMES(x, shape));
    x = emit(emitter, "Transpose", NAMES(x));
    emit_ints(emitter, "perm", 4, order);
    return x;
}

void emit_attention(Emitter *emitter)
{
    static const int by_head[] = {0, 2, 1, 3}, keys_transposed[] = {0, 2, 3, 1};
    const Op *op = emitter->op;
    int heads = nn_attention_heads(op), D = op->out->shape.dim[2], d = D / heads;
    const char *shape = emit_integers(emitter, "split", 4, (int[]){0, 0, heads, d});
    const char *join = emit_integers(emitter, "join", 3, (int[]){0, 0, D});
    const char *q = emit(emitter, "Split", NAMES(emit_input(emitter, 0, CHANNELS_LAST)));
    emit_int(emitter, "axis", 2);
    const char *k = arena_printf(emitter->arena, "%s/keys", op->name);
    const char *v = arena_printf(emitter->arena, "%s/values", op->name);
    onnx_node_output(emitter->node, k);
    onnx_node_output(emitter->node, v);
    q = split_heads(emitter, q, shape, by_head);
    k = split_heads(emitter, k, shape, keys_transposed);
    v = split_heads(emitter, v, shape, by_head);
    const char *p = emit(emitter, "MatMul", NAMES(q, k));
    p = emit(emitter, "Mul", NAMES(p, emit_number(emitter, "scale", 1 / sqrtf((float)d))));
    p = emit(emitter, "Softmax", NAMES(p));
    emit_int(emitter, "axis", -1);
    const char *y = emit(emitter, "MatMul", NAMES(p, v));
    y = emit(emitter, "Transpose", NAMES(y));
    emit_ints(emitter, "perm", 4, by_head);
    emit_output(emitter, CHANNELS_LAST, emit(emitter, "Reshape", NAMES(y, join)));
}

void emit_pool_tokens(Emitter *emitter)
{
    TokenRange range = nn_pool_tokens_range(emitter->op);
    int end = range.begin + range.count, axis = 1;
    const char *y = emit(emitter, "Slice",
                         NAMES(emit_input(emitter, 0, CHANNELS_LAST),
                               emit_integers(emitter, "begin", 1, &range.begin),
                               emit_integers(emitter, "end", 1, &end),
                               emit_integers(emitter, "axis", 1, &axis)));
    y = emit(emitter, "ReduceMean", NAMES(y));
    emit_ints(emitter, "axes", 1, &axis);
    emit_int(emitter, "keepdims", 0);
    emit_output(emitter, CHANNELS_LAST, y);
}
