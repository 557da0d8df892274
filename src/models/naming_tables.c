/*
 * Names of parameters in other programs, by family and scheme. Ours are timm's wherever an op's grain
 * allows, so most of its tables are short.
 */
#include "naming_tables.h"

/* PyTorch: (O,I,K,K), depthwise (C,1,K,K). Keras: (K,K,I,O), depthwise (K,K,C,1), dense (I,O). */
static NamingAxes torch_axes = {"", "0", "01", "2.01", "0312"};
static NamingAxes keras_axes = {"", "0", "10", "012.", "1230"};

#define NAME(name, foreign)                                                                        \
    {                                                                                              \
        .ours = name, .theirs = foreign                                                            \
    }
#define SHAPED(name, foreign, form)                                                                \
    {                                                                                              \
        .ours = name, .theirs = foreign, .axes = form                                              \
    }
#define PLACES(name, foreign)                                                                      \
    {                                                                                              \
        .ours = name, .theirs = foreign, .axes = ".01", .positions = true                          \
    }
#define END                                                                                        \
    {                                                                                              \
        .ours = NULL                                                                               \
    }

/* --- ResNet --- */

static const NamingRule resnet_timm[] = {NAME("head.*", "fc.*"), NAME("*", "*"), END};
/* torchvision has no deep stem: what else is in a `resnet*d` has no name there. */
static const NamingRule resnet_torchvision[] = {
    NAME("head.*", "fc.*"), NAME("conv1.weight", "conv1.weight"), NAME("bn1.*", "bn1.*"),
    NAME("layer{a}.*", "layer{a}.*"), END};
static const NamingRule resnet_huggingface[] = {
    NAME("head.*", "classifier.1.*"),
    NAME("conv1.weight", "embedder.embedder.convolution.weight"),
    NAME("bn1.*", "embedder.embedder.normalization.*"),
    NAME("layer{a}.{b}.downsample.0.*", "encoder.stages.{a-1}.layers.{b}.shortcut.convolution.*"),
    NAME("layer{a}.{b}.downsample.1.*", "encoder.stages.{a-1}.layers.{b}.shortcut.normalization.*"),
    NAME("layer{a}.{b}.conv{c}.*", "encoder.stages.{a-1}.layers.{b}.layer.{c-1}.convolution.*"),
    NAME("layer{a}.{b}.bn{c}.*", "encoder.stages.{a-1}.layers.{b}.layer.{c-1}.normalization.*"),
    END};
static const NamingRule resnet_akamaster[] = {NAME("head.*", "linear.*"), NAME("*", "*"), END};

/* --- ConvNeXt --- */

/* timm's small ones have convolutions of one pixel in their MLP. */
#define SMALL                                                                                      \
    " convnext_atto convnext_femto convnext_pico convnext_nano "                                   \
    "convnextv2_atto convnextv2_femto convnextv2_pico convnextv2_nano "
#define SMALL_MLP(name)                                                                            \
    {                                                                                              \
        .ours = name, .theirs = name, .axes = "01..", .kinds = SMALL                               \
    }
static const NamingRule convnext_timm[] = {
    NAME("head.*", "head.fc.*"),
    NAME("stem.conv.*", "stem.0.*"),
    NAME("stem.norm.*", "stem.1.*"),
    NAME("stages.{a}.downsample.norm.*", "stages.{a}.downsample.0.*"),
    NAME("stages.{a}.downsample.conv.*", "stages.{a}.downsample.1.*"),
    SMALL_MLP("stages.{a}.blocks.{b}.mlp.fc1.weight"),
    SMALL_MLP("stages.{a}.blocks.{b}.mlp.fc2.weight"),
    NAME("norm.*", "head.norm.*"),
    NAME("*", "*"),
    END};
static const NamingRule convnext_torchvision[] = {
    NAME("head.*", "classifier.2.*"),
    NAME("stem.conv.*", "features.0.0.*"),
    NAME("stem.norm.*", "features.0.1.*"),
    NAME("stages.{a}.downsample.norm.*", "features.{2a}.0.*"),
    NAME("stages.{a}.downsample.conv.*", "features.{2a}.1.*"),
    NAME("stages.{a}.blocks.{b}.conv_dw.*", "features.{2a+1}.{b}.block.0.*"),
    NAME("stages.{a}.blocks.{b}.norm.*", "features.{2a+1}.{b}.block.2.*"),
    NAME("stages.{a}.blocks.{b}.mlp.fc1.*", "features.{2a+1}.{b}.block.3.*"),
    NAME("stages.{a}.blocks.{b}.mlp.fc2.*", "features.{2a+1}.{b}.block.5.*"),
    SHAPED("stages.{a}.blocks.{b}.gamma", "features.{2a+1}.{b}.layer_scale", "0.."),
    NAME("norm.*", "classifier.0.*"),
    END};

static const NamingRule convnext_huggingface[] = {
    NAME("head.*", "classifier.*"),
    NAME("stem.conv.*", "embeddings.patch_embeddings.*"),
    NAME("stem.norm.*", "embeddings.layernorm.*"),
    NAME("stages.{a}.downsample.norm.*", "encoder.stages.{a}.downsampling_layer.0.*"),
    NAME("stages.{a}.downsample.conv.*", "encoder.stages.{a}.downsampling_layer.1.*"),
    NAME("stages.{a}.blocks.{b}.conv_dw.*", "encoder.stages.{a}.layers.{b}.dwconv.*"),
    NAME("stages.{a}.blocks.{b}.norm.*", "encoder.stages.{a}.layers.{b}.layernorm.*"),
    NAME("stages.{a}.blocks.{b}.mlp.fc1.*", "encoder.stages.{a}.layers.{b}.pwconv1.*"),
    NAME("stages.{a}.blocks.{b}.mlp.fc2.*", "encoder.stages.{a}.layers.{b}.pwconv2.*"),
    SHAPED("stages.{a}.blocks.{b}.mlp.grn.*", "encoder.stages.{a}.layers.{b}.grn.*", "...0"),
    NAME("stages.{a}.blocks.{b}.gamma", "encoder.stages.{a}.layers.{b}.layer_scale_parameter"),
    NAME("norm.*", "layernorm.*"),
    END};

/* --- vision transformers --- */

static const NamingRule vit_timm[] = {NAME("head.*", "head.*"),
                                      SHAPED("cls_token", "cls_token", "..0"),
                                      PLACES("pos_embed", "pos_embed"), NAME("*", "*"), END};
static const NamingRule vit_torchvision[] = {
    NAME("head.*", "heads.head.*"),
    SHAPED("cls_token", "class_token", "..0"),
    PLACES("pos_embed", "encoder.pos_embedding"),
    NAME("patch_embed.proj.*", "conv_proj.*"),
    NAME("blocks.{a}.norm1.*", "encoder.layers.encoder_layer_{a}.ln_1.*"),
    NAME("blocks.{a}.attn.qkv.*", "encoder.layers.encoder_layer_{a}.self_attention.in_proj_*"),
    NAME("blocks.{a}.attn.proj.*", "encoder.layers.encoder_layer_{a}.self_attention.out_proj.*"),
    NAME("blocks.{a}.norm2.*", "encoder.layers.encoder_layer_{a}.ln_2.*"),
    NAME("blocks.{a}.mlp.fc1.*", "encoder.layers.encoder_layer_{a}.mlp.0.*"),
    NAME("blocks.{a}.mlp.fc2.*", "encoder.layers.encoder_layer_{a}.mlp.3.*"),
    NAME("norm.*", "encoder.ln.*"),
    END};
static const NamingRule vit_huggingface[] = {
    NAME("head.*", "classifier.*"),
    SHAPED("cls_token", "embeddings.cls_token", "..0"),
    PLACES("pos_embed", "embeddings.position_embeddings"),
    NAME("patch_embed.proj.*", "embeddings.patch_embeddings.projection.*"),
    NAME("blocks.{a}.norm1.*", "encoder.layer.{a}.layernorm_before.*"),
    NAME("blocks.{a}.attn.qkv.*", "encoder.layer.{a}.attention.attention.{query,key,value}.*"),
    NAME("blocks.{a}.attn.proj.*", "encoder.layer.{a}.attention.output.dense.*"),
    NAME("blocks.{a}.norm2.*", "encoder.layer.{a}.layernorm_after.*"),
    NAME("blocks.{a}.mlp.fc1.*", "encoder.layer.{a}.intermediate.dense.*"),
    NAME("blocks.{a}.mlp.fc2.*", "encoder.layer.{a}.output.dense.*"),
    NAME("norm.*", "layernorm.*"),
    END};

/* --- MobileNet V1 --- */

static const NamingRule mobilenet_keras[] = {
    SHAPED("head.weight", "conv_preds/kernel", "..10"),
    NAME("head.bias", "conv_preds/bias"),
    NAME("conv1.weight", "conv1/kernel"),
    NAME("conv1_bn.weight", "conv1_bn/gamma"),
    NAME("conv1_bn.bias", "conv1_bn/beta"),
    NAME("conv1_bn.running_mean", "conv1_bn/moving_mean"),
    NAME("conv1_bn.running_var", "conv1_bn/moving_variance"),
    NAME("conv_dw_{a}.weight", "conv_dw_{a}/depthwise_kernel"),
    NAME("conv_dw_{a}_bn.weight", "conv_dw_{a}_bn/gamma"),
    NAME("conv_dw_{a}_bn.bias", "conv_dw_{a}_bn/beta"),
    NAME("conv_dw_{a}_bn.running_mean", "conv_dw_{a}_bn/moving_mean"),
    NAME("conv_dw_{a}_bn.running_var", "conv_dw_{a}_bn/moving_variance"),
    NAME("conv_pw_{a}.weight", "conv_pw_{a}/kernel"),
    NAME("conv_pw_{a}_bn.weight", "conv_pw_{a}_bn/gamma"),
    NAME("conv_pw_{a}_bn.bias", "conv_pw_{a}_bn/beta"),
    NAME("conv_pw_{a}_bn.running_mean", "conv_pw_{a}_bn/moving_mean"),
    NAME("conv_pw_{a}_bn.running_var", "conv_pw_{a}_bn/moving_variance"),
    END};
static const NamingRule mobilenet_huggingface[] = {
    NAME("head.*", "classifier.*"),
    NAME("conv1.*", "conv_stem.convolution.*"),
    NAME("conv1_bn.*", "conv_stem.normalization.*"),
    NAME("conv_dw_{a}.*", "layer.{2a-2}.convolution.*"),
    NAME("conv_dw_{a}_bn.*", "layer.{2a-2}.normalization.*"),
    NAME("conv_pw_{a}.*", "layer.{2a-1}.convolution.*"),
    NAME("conv_pw_{a}_bn.*", "layer.{2a-1}.normalization.*"),
    END};

/* Hugging Face: classifiers hold the bare network under its name. */
const Naming naming_tables[] = {
    {"timm", "resnet", "", &torch_axes, resnet_timm},
    {"torchvision", "resnet", "", &torch_axes, resnet_torchvision},
    {"huggingface", "resnet", "resnet.", &torch_axes, resnet_huggingface},
    {"huggingface", "resnet", "", &torch_axes, resnet_huggingface},
    {"akamaster", "resnet_cifar", "", &torch_axes, resnet_akamaster},
    {"timm", "convnext", "", &torch_axes, convnext_timm},
    {"torchvision", "convnext", "", &torch_axes, convnext_torchvision},
    {"huggingface", "convnext", "convnext.", &torch_axes, convnext_huggingface},
    {"huggingface", "convnext", "convnextv2.", &torch_axes, convnext_huggingface},
    {"huggingface", "convnext", "", &torch_axes, convnext_huggingface},
    {"timm", "vit", "", &torch_axes, vit_timm},
    {"torchvision", "vit", "", &torch_axes, vit_torchvision},
    {"huggingface", "vit", "vit.", &torch_axes, vit_huggingface},
    {"huggingface", "vit", "", &torch_axes, vit_huggingface},
    {"keras", "mobilenet", "", &keras_axes, mobilenet_keras},
    {"huggingface", "mobilenet", "mobilenet_v1.", &torch_axes, mobilenet_huggingface},
    {"huggingface", "mobilenet", "", &torch_axes, mobilenet_huggingface},
    {.scheme = NULL},
};
