"""Vision transformers: torchvision's, whose features are the class token; timm's for the mean of the
patches, which has the last norm behind the mean (fc_norm) and leaves the class token out of it."""
from torch import nn
from torchvision.models import VisionTransformer

PATCH = 16
# dim, depth, heads
KINDS = {
    "vit_tiny_patch16": (192, 12, 3),
    "vit_small_patch16": (384, 12, 6),
    "vit_base_patch16": (768, 12, 12),
}
RENAMES = [
    (r"^trunk\.class_token$", "trunk.cls_token"),
    (r"^trunk\.encoder\.pos_embedding$", "trunk.pos_embed"),
    (r"^trunk\.conv_proj\.", "trunk.patch_embed.proj."),
    (r"^trunk\.encoder\.ln\.", "trunk.norm."),
    (r"^trunk\.encoder\.layers\.encoder_layer_(\d+)\.", r"trunk.blocks.\1."),
    (r"\.ln_([12])\.", r".norm\1."),
    (r"\.self_attention\.in_proj_", ".attn.qkv."),
    (r"\.self_attention\.out_proj\.", ".attn.proj."),
    (r"^(trunk\.blocks\.\d+\.mlp)\.0\.", r"\1.fc1."),
    (r"^(trunk\.blocks\.\d+\.mlp)\.3\.", r"\1.fc2."),
]


def mean_trunk(image, dim, depth, heads):
    from timm.models.vision_transformer import VisionTransformer as TimmVisionTransformer
    return TimmVisionTransformer(img_size=image, patch_size=PATCH, num_classes=0,
                                 global_pool="avg", embed_dim=dim, depth=depth, num_heads=heads)


def build(kind, image, dim=None, depth=None, heads=None, pool="token"):
    usual_dim, usual_depth, usual_heads = KINDS[kind]
    dim, depth, heads = dim or usual_dim, depth or usual_depth, heads or usual_heads
    if pool == "mean":
        trunk = mean_trunk(image, dim, depth, heads)
    else:
        trunk = VisionTransformer(image, PATCH, depth, heads, dim, 4 * dim)
        trunk.heads = nn.Identity()
    trunk.width = dim
    return trunk
