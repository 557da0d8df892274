/* umbel export: a checkpoint's network in the formats of other programs. */
#include "arguments.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "train/export.h"

#include <argp.h>
#include <string.h>

enum { KEY_ONNX = 1, KEY_SAFETENSORS, KEY_TORCHVISION, KEY_INPUT, KEY_HEAD };

typedef struct Arguments {
    const char *checkpoint;
    const char *onnx, *safetensors, *torchvision; /* files to write; NULL: not asked for */
    const char *head;
    OnnxType input;
} Arguments;

static const struct argp_option options[] = {
    {"onnx", KEY_ONNX, "FILE", 0, "Write an ONNX model with all heads, pixels in, logits out", 0},
    {"input", KEY_INPUT, "TYPE", 0,
     "Type of the ONNX model's pixels, 0 to 255: float or uint8 (default: float)", 0},
    {"safetensors", KEY_SAFETENSORS, "FILE", 0,
     "Write the weights with timm's names, or those usual for the trunk", 0},
    {"torchvision", KEY_TORCHVISION, "FILE", 0,
     "Write the weights with torchvision's names, as a safetensors file", 0},
    {"head", KEY_HEAD, "NAME", 0,
     "The head that becomes the classifier in files of weights (default: none, the trunk alone)",
     0},
    {0},
};

static OnnxType parse_input(const char *text, struct argp_state *state)
{
    if (strcmp(text, "uint8") == 0) return ONNX_U8;
    if (strcmp(text, "float") != 0)
        argp_error(state, "--input: must be float or uint8, not \"%s\"", text);
    return ONNX_F32;
}

static const Argument kept[] = {
    KEEP_ONLY(checkpoint, "checkpoint", "no checkpoint given"),
    KEEP_TEXT(KEY_ONNX, onnx),
    KEEP_TEXT(KEY_SAFETENSORS, safetensors),
    KEEP_TEXT(KEY_TORCHVISION, torchvision),
    KEEP_TEXT(KEY_HEAD, head),
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Arguments *arguments = state->input;
    error_t kept_error = arguments_keep(kept, options, key, text, state);
    switch (key) {
    case KEY_INPUT:
        arguments->input = parse_input(text, state);
        return 0;
    case ARGP_KEY_END:
        if (!arguments->onnx && !arguments->safetensors && !arguments->torchvision)
            argp_error(state, "nothing to write; give --onnx, --safetensors or --torchvision FILE");
        return 0;
    default:
        return kept_error;
    }
}

static const struct argp argp = {
    options,
    parse,
    "CHECKPOINT",
    "Write a checkpoint's network for other programs.\v"
    "Example: umbel export runs/parts/checkpoint/best-joint --onnx parts.onnx",
    NULL,
    NULL,
    NULL};

static bool write_files(const Arguments *arguments, Arena *arena, Error *err)
{
    Export export;
    return export_open(&export, arguments->checkpoint, arena, err) &&
           (!arguments->onnx || export_onnx(&export, arguments->onnx, arguments->input, err)) &&
           (!arguments->safetensors ||
            export_safetensors(&export, arguments->safetensors, NULL, arguments->head, err)) &&
           (!arguments->torchvision || export_safetensors(&export, arguments->torchvision,
                                                          "torchvision", arguments->head, err));
}

int cmd_export(int argc, char **argv)
{
    Arguments arguments = {.input = ONNX_F32};
    cli_parse(&argp, argc, argv, &arguments);
    Arena *arena = arena_create("export");
    Error err = {0};
    int code = write_files(&arguments, arena, &err) ? EXIT_DONE : cli_fail(&err);
    arena_destroy(arena);
    return code;
}
