/* Emitters of ops that only heads have. */
#include "onnx_emit.h"

#include <math.h>

/* The mean of all places, weighted by the softmax of x w / sqrt(D). */
void emit_attention_pool(Emitter *emitter)
{
    const Op *op = emitter->op;
    int D = op->out->shape.dim[1];
    const char *shape = emit_integers(emitter, "places", 3, (int[]){0, -1, D});
    const char *x = emit(emitter, "Reshape", NAMES(emit_input(emitter, 0, CHANNELS_LAST), shape));
    const char *p =
        emit(emitter, "MatMul", NAMES(x, emit_param(emitter, nn_attention_pool_weight(op))));
    p = emit(emitter, "Mul", NAMES(p, emit_number(emitter, "scale", 1 / sqrtf((float)D))));
    p = emit(emitter, "Softmax", NAMES(p));
    emit_int(emitter, "axis", -1);
    const char *one = emit_integers(emitter, "row", 1, (int[]){1});
    p = emit(emitter, "Unsqueeze", NAMES(p, one));
    const char *y = emit(emitter, "MatMul", NAMES(p, x));
    emit_output(emitter, CHANNELS_LAST, emit(emitter, "Squeeze", NAMES(y, one)));
}

/* Dropout is of training only. */
void emit_dropout(Emitter *emitter)
{
    emit_output(emitter, CHANNELS_LAST,
                emit(emitter, "Identity", NAMES(emit_input(emitter, 0, CHANNELS_LAST))));
}

/* mean + deviation * output */
void emit_value(Emitter *emitter)
{
    double mean, deviation;
    nn_value_loss_scale(emitter->op, &mean, &deviation);
    const char *y = emit(emitter, "Mul",
                         NAMES(emit_input(emitter, 0, CHANNELS_LAST),
                               emit_number(emitter, "deviation", (float)deviation)));
    y = emit(emitter, "Add", NAMES(y, emit_number(emitter, "mean", (float)mean)));
    emit_output(emitter, CHANNELS_LAST, y);
}
