/* A model as an ONNX graph: the table of emitters, and the walk over the ops that lead to what heads give. */
#include "models/onnx.h"

#include "onnx_emit.h"

#include <string.h>

static const struct {
    const char *op_type;
    EmitFn *emit;
} emitters[] = {
    {"conv", emit_conv},
    {"conv_norm", emit_conv_norm},
    {"depthwise_norm", emit_depthwise_norm},
    {"max_pool", emit_max_pool},
    {"average_pool", emit_average_pool},
    {"mean_pool", emit_mean_pool},
    {"pad_shortcut", emit_pad_shortcut},
    {"layernorm", emit_layernorm},
    {"normalize", emit_normalize},
    {"affine", emit_affine},
    {"grn", emit_grn},
    {"linear", emit_plain_linear},
    {"linear_gelu", emit_linear_gelu},
    {"linear_residual", emit_linear_residual},
    {"mlp", emit_mlp},
    {"tokens", emit_tokens},
    {"attention", emit_attention},
    {"pool_tokens", emit_pool_tokens},
    {"attention_pool", emit_attention_pool},
    {"dropout", emit_dropout},
    {"value_loss", emit_value},
};

static EmitFn *find_emitter(const char *op_type)
{
    for (size_t i = 0; i < sizeof emitters / sizeof *emitters; i++)
        if (strcmp(emitters[i].op_type, op_type) == 0) return emitters[i].emit;
    return NULL;
}

static const char INPUT[] = "images";

static bool check_heads(const Model *model, Error *err)
{
    for (int h = 0; h < model->heads; h++)
        if (strcmp(model->head[h].name, INPUT) == 0)
            return error_set(
                err, ERROR_USAGE,
                "head \"%s\": its output would have the name of the ONNX model's input; "
                "rename it with umbel heads --rename",
                INPUT);
    return true;
}

static const Tensor *exported(const ModelHead *head)
{
    return head->type->exports_predictions ? head->prediction : head->logits;
}

/* Ops that what is exported depends on. */
static bool *find_needed(const Model *model, Arena *arena)
{
    const Graph *graph = model->graph;
    bool *needed = arena_new(arena, bool, graph->op_count + 1);
    for (int h = 0; h < model->heads; h++) needed[exported(&model->head[h])->producer] = true;
    for (int i = graph->op_count - 1; i >= 0; i--)
        for (int j = 0; needed[i] && j < OP_INPUTS; j++) {
            const Tensor *input = graph->op[i]->in[j];
            if (input && input->producer >= 0) needed[input->producer] = true;
        }
    return needed;
}

/* Pixels 0 … 255 times scale plus shift. */
static void emit_images(Emitter *emitter, const ModelOnnx *options)
{
    const Tensor *images = emitter->model->images;
    int side = images->shape.dim[1], dim[] = {ONNX_BATCH, 3, side, side};
    onnx_add_input(emitter->onnx, INPUT, options->input, 4, dim);
    Op stem = {.name = "input", .out = (Tensor *)images};
    emitter->op = &stem;
    const char *x = INPUT;
    if (options->input != ONNX_F32) {
        x = emit(emitter, "Cast", NAMES(x));
        emit_int(emitter, "to", ONNX_F32);
    }
    int channels[] = {3, 1, 1};
    x = emit(emitter, "Mul", NAMES(x, emit_floats(emitter, "scale", 3, channels, options->scale)));
    x = emit(emitter, "Add", NAMES(x, emit_floats(emitter, "shift", 3, channels, options->shift)));
    emit_output(emitter, CHANNELS_FIRST, x);
}

static bool emit_op(Emitter *emitter, const Op *op, Error *err)
{
    EmitFn *function = find_emitter(op->type->name);
    if (!function)
        return error_set(err, ERROR_DATA,
                         "%s: ONNX export knows no op of type \"%s\"; add an emitter to "
                         "src/models/onnx.c",
                         op->name, op->type->name);
    emitter->op = op;
    emitter->nodes = 0;
    function(emitter);
    return true;
}

static void add_outputs(const Emitter *emitter)
{
    const Model *model = emitter->model;
    for (int h = 0; h < model->heads; h++) {
        const ModelHead *head = &model->head[h];
        const Tensor *out = exported(head);
        const Value *value = &emitter->value[out->id];
        onnx_add_node(emitter->onnx, "Identity", NAMES(value->name[CHANNELS_LAST]), head->name);
        onnx_add_output(emitter->onnx, head->name, ONNX_F32, 2,
                        (int[]){ONNX_BATCH, out->shape.dim[1]});
    }
}

bool model_to_onnx(const Model *model, const ModelOnnx *options, Onnx *onnx, Arena *arena,
                   Error *err)
{
    const Graph *graph = model->graph;
    Emitter emitter = {.onnx = onnx,
                       .arena = arena,
                       .model = model,
                       .value = arena_new(arena, Value, graph->tensor_count)};
    if (!check_heads(model, err)) return false;
    const bool *needed = find_needed(model, arena);
    emit_images(&emitter, options);
    bool ok = true;
    for (int i = 0; i < graph->op_count; i++)
        if (needed[i]) ok &= emit_op(&emitter, graph->op[i], err);
    if (ok) add_outputs(&emitter);
    return ok;
}
