#!/bin/bash
# umbel import: networks under every known naming arrive number by number; wrong files are told apart.
. tests/cli/common.sh
foreign() { "$PYTHON" "$TESTS/cli/foreign_networks.py" "$@"; }
cd "$WORK" || exit 1

# arrives NETWORK DTYPE SCHEME KIND [MORE...]: imports it and compares all arrays
arrives() {
    local network=$1 dtype=$2 scheme=$3 kind=$4 count
    shift 4
    foreign write "$network" "$network.safetensors" "$dtype"
    if ! "$UMBEL" import "$network.safetensors" --trunk "$kind" --out "$network.h5" "$@" >out 2>err; then
        not_ok "$network" "$(head -2 err | tr '\n' '|')"
    elif ! count=$(foreign check "$network" "$network.safetensors" "$network.h5" 2>err); then
        not_ok "$network" "$(tail -1 err)"
    elif ! grep -q "by names of $scheme; head class" out; then
        not_ok "$network" "not recognised as of $scheme: $(cat out)"
    else
        ok "$network in $dtype: $count arrays"
    fi
}

small=(--set 'trunk.dims=[8, 8, 16, 16]' --set 'trunk.depths=[1, 1, 1, 1]')
vit=(--set trunk.dim=24 --set trunk.depth=2 --set trunk.heads=3 --set trunk.patch=8)
arrives akamaster F16 akamaster resnet20
arrives resnet-timm BF16 timm resnet18 --set trunk.width=8
arrives resnet-huggingface F32 huggingface resnet18 --set trunk.width=8
arrives convnext-timm F32 timm convnext_atto "${small[@]}"
arrives convnext-torchvision F32 torchvision convnext_tiny "${small[@]}"
arrives convnext-huggingface F16 huggingface convnext_tiny "${small[@]}"
arrives convnextv2-huggingface F32 huggingface convnextv2_atto "${small[@]}"
arrives vit-timm F32 timm vit_tiny_patch16 "${vit[@]}" --set image=32
arrives vit-torchvision F32 torchvision vit_tiny_patch16 "${vit[@]}" --set image=56 # 7 x 7 patches of 4 x 4
arrives vit-huggingface F32 huggingface vit_tiny_patch16 "${vit[@]}" --set image=16 # 2 x 2 patches
arrives mobilenet-keras F32 keras mobilenet_v1 --set trunk.width=0.25
arrives mobilenet-huggingface F32 huggingface mobilenet_v1 --set trunk.width=0.25

# the family's preprocessing
preprocessing() { "$UMBEL" inspect "$1.h5" --json | "$PYTHON" -c 'import json, sys, re
text = json.load(sys.stdin)["config"]
print(*[re.search(rf"^ *{key}: (.*)", text, re.M)[1] for key in ("image", "crop", "mean", "interpolation")])'; }
same "preprocessing of CIFAR ResNets" "32 1 [0.485, 0.456, 0.406] bilinear" "$(preprocessing akamaster)"
same "preprocessing of ConvNeXt" "224 0.875 [0.485, 0.456, 0.406] bicubic" "$(preprocessing convnext-timm)"
same "preprocessing of MobileNet" "224 0.875 [0.5, 0.5, 0.5] bilinear" "$(preprocessing mobilenet-keras)"
same "preprocessing of vision transformers at another size" "16 0.9 [0.5, 0.5, 0.5] bicubic" "$(preprocessing vit-huggingface)"

# the same input, the same bytes
"$UMBEL" import akamaster.safetensors --trunk resnet20 --out again.h5 >/dev/null
same "imported twice: the same bytes" "$(md5sum <akamaster.h5)" "$(md5sum <again.h5)"

# all that does not fit, at once
lines() { grep -c "$1" err; }
"$UMBEL" import resnet-timm.safetensors --trunk resnet34 --set trunk.width=16 --out bad.h5 2>err
same "missing and misshapen tensors: exit code" 3 $?
same "missing tensors: some lines and the rest as a number" "5 1" "$(lines 'is missing') $(lines 'more tensors are missing')"
same "misshapen tensors: likewise" "5 1" "$(lines 'has shape') $(lines 'more tensors have another shape')"
"$UMBEL" import convnext-timm.safetensors --trunk convnext_tiny "${small[@]}" --set trunk.layer_scale=0 --out bad.h5 2>err
same "tensors that the trunk has no place for" "3 4" "$? $(lines 'gamma" has no place in this trunk')"
"$UMBEL" import convnext-timm.safetensors --trunk convnext_tiny "${small[@]}" --set trunk.layer_scale=0 --out left-out.h5 --allow-unused >out 2>&1
same "--allow-unused leaves them out" 0 $?
fails "another family" 3 'has no parameter of a vit_tiny_patch16 under any known naming' \
    "$UMBEL" import akamaster.safetensors --trunk vit_tiny_patch16 --out bad.h5

# class names
printf 'crane\nb\nc\nd\nfish\ncrane\nlast' >classes.txt
"$UMBEL" import akamaster.safetensors --trunk resnet20 --head bird --classes classes.txt --out named.h5 >/dev/null
same "class names; one that comes again is told apart" "bird crane b c d fish crane #2 last" \
    "$("$UMBEL" inspect named.h5 --json | "$PYTHON" -c 'import json, sys
h = json.load(sys.stdin)["heads"]; print(*h, *h["bird"]["classes"])')"
echo extra >>classes.txt && echo more >>classes.txt
fails "class names that are too many" 3 'has 8 class names, the classifier of akamaster.safetensors has 7 classes' \
    "$UMBEL" import akamaster.safetensors --trunk resnet20 --classes classes.txt --out bad.h5

same "nothing is written on a mistake" "0" "$(find . -name 'bad.h5*' | wc -l)"

# a classifier without class names takes the pack's, in its order
"$PYTHON" - <<'END'
import os
from PIL import Image
os.makedirs("set")
with open("set/m.csv", "w") as file:
    file.write("path,class,split\n")
    for i in range(14):
        Image.new("RGB", (32, 32), (i * 18, 255 - i * 18, (i * 40) % 256)).save(f"set/{i}.png")
        file.write(f"{i}.png,{'aaaaaabbbcdefg'[i]},test\n")
    for i in range(14, 21):
        Image.new("RGB", (32, 32)).save(f"set/{i}.png")
        file.write(f"{i}.png,{'abcdefg'[i % 7]},train\n")
END
sed '1s/class/bird/' set/m.csv >set/bird.csv
sed -E 's/,([a-f]),/,x\1,/; s/,g,/,xa,/' set/m.csv >set/six.csv
for pack in m bird six; do
    "$UMBEL" pack --manifest set/$pack.csv --root set --out $pack.h5 >/dev/null 2>&1 || not_ok "pack" "$pack"
done
scores() { "$UMBEL" eval "$@" --json - 2>/dev/null | grep -v '"class"\|"bird"'; }
printf '%s\n' a b c d e f g >letters.txt
"$UMBEL" import akamaster.safetensors --trunk resnet20 --classes letters.txt --out letters.h5 >/dev/null
same "classes without names are the pack's" "$(scores letters.h5 --pack m.h5)" "$(scores akamaster.h5 --pack m.h5)"
printf '%s\n' g f e d c b a >letters.txt
"$UMBEL" import akamaster.safetensors --trunk resnet20 --classes letters.txt --out reversed.h5 >/dev/null
differ "names count where there are any" "$(scores reversed.h5 --pack m.h5)" "$(scores akamaster.h5 --pack m.h5)"
fails "as many classes as the classifier has, or none" 3 'class "xa" .* is not among the 7 classes' \
    "$UMBEL" eval akamaster.h5 --pack six.h5
fails "an imported checkpoint names no pack" 2 'was imported, not trained on a pack; name one with --pack' "$UMBEL" eval akamaster.h5
finish
