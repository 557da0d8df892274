#!/bin/bash
# Mixup and CutMix: training pictures against numpy, with shares drawn anew from the addresses of docs/formats.md; the same bits for
# any number of ranks and workers, and after a stop, with heads of all kinds and 70 % of the labels missing.
. tests/cli/common.sh
cd "$WORK" || exit 1

pack_all_kinds 140 40 0.7
cat >c.yaml <<'END'
pack: set.h5
image: 32
trunk: {kind: resnet20, width: 8}
heads:
  - {name: shape, kind: softmax, smoothing: 0.1, class_weights: effective}
  - {name: tags, kind: sigmoid, loss: asymmetric, positive_weights: balanced}
  - {name: grade, kind: ordinal, order: "low, middle, high", flips: "low<->middle"}
  - {name: size, kind: regression, mix: false}
  - {name: azimuth, kind: circular, weight: 0.5}
batch: 24
lane: 4
epochs: 4
seed: 7
optimizer: {kind: adamw, lr: 2e-3}
progressive: {sides: [24]}
augment: {mixup: {alpha: 0.8}, cutmix: {alpha: 1}, mix: {probability: 0.7, cutmix_share: 0.4, off_epochs: 1}}
END

# The sheet with mixing is the one without, mixed by shares and boxes that are drawn here.
sheet() { "$UMBEL" inspect --augment c.yaml --out "$1.png" --set progressive.sides=[] "${@:2}" >"$1.txt" 2>err || not_ok "inspect" "$(cat err)"; }
sheet plain --set augment.mix.probability=0
sheet mixed
"$PYTHON" - <<'END' && ok "mixed pictures and their shares are numpy's" || not_ok "mixed pictures and their shares are numpy's" "see above"
import math, re, statistics
import numpy as np
from PIL import Image

class Philox:
    """docs/formats.md, purpose 5"""
    def __init__(self, seed, step, lane):
        x = seed
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        x ^= x >> 31
        self.key, self.counter, self.words = [x % 2**32, x >> 32], [0, 5 << 24, step, lane], []

    def word(self):
        if not self.words:
            c, k = list(self.counter), list(self.key)
            for _ in range(10):
                p, q = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
                c = [q >> 32 ^ c[1] ^ k[0], q % 2**32, p >> 32 ^ c[3] ^ k[1], p % 2**32]
                k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
            self.words, self.counter[0] = c, self.counter[0] + 1
        return self.words.pop(0)

    def below(self, k):
        while True:
            word = self.word()
            if word < 2**32 // k * k:
                return word % k

    def uniform(self):
        return ((self.word() << 32 | self.word()) >> 11) * 2.0**-53

    def log_gamma(self, shape):
        boost = 0
        if shape < 1:
            boost, shape = math.log(self.uniform() + 2.0**-54) / shape, shape + 1
        d = shape - 1 / 3
        while True:
            x, u = statistics.NormalDist().inv_cdf(self.uniform() + 2.0**-54), self.uniform() + 2.0**-54
            v = (1 + x / math.sqrt(9 * d)) ** 3
            if v > 0 and math.log(u) < x * x / 2 + d - d * v + d * math.log(v):
                return math.log(d * v) + boost

    def beta(self, alpha):
        a = self.log_gamma(alpha)
        return 1 / (1 + math.exp(self.log_gamma(alpha) - a))

ROWS, SIDE = 8, 32
def cells(name):
    sheet = np.asarray(Image.open(name).convert("RGB")).astype(float)
    cut = lambda i: slice(2 + i * (SIDE + 2), 2 + i * (SIDE + 2) + SIDE)
    return np.array([[sheet[cut(r), cut(c)] for c in range(8)] for r in range(ROWS)])

plain, mixed, lines = cells("plain.png"), cells("mixed.png"), open("mixed.txt").read().splitlines()
assert np.array_equal(plain[:, 0], mixed[:, 0])
blends = boxes = 0
for epoch in range(7):
    random = Philox(7, epoch, 0)
    partner = list(range(ROWS))
    for i in range(ROWS - 1, 0, -1):
        j = random.below(i)
        partner[i], partner[j] = partner[j], partner[i]
    for row in range(ROWS):
        own, other = plain[row, 1 + epoch], plain[partner[row], 1 + epoch]
        expected, told = own.copy(), None
        mixes, cuts = random.uniform(), random.uniform()
        if mixes < 0.7 and cuts < 0.4:
            extent = int(SIDE * math.sqrt(1 - random.beta(1)))
            x0, y0 = random.below(SIDE) - extent // 2, random.below(SIDE) - extent // 2
            x, X, y, Y = max(x0, 0), min(x0 + extent, SIDE), max(y0, 0), min(y0 + extent, SIDE)
            expected[y:Y, x:X] = other[y:Y, x:X]
            if extent > 0:
                told = f"{100 * (X - x) * (Y - y) / SIDE**2:.2f}% of row {partner[row] + 1} in columns {x} to {X - 1}, lines {y} to {Y - 1}"
            boxes += extent > 0
        elif mixes < 0.7:
            share = random.beta(0.8)
            expected = share * own + (1 - share) * other
            told = f"{100 * (1 - share):.2f}% of row {partner[row] + 1}"
            blends += 1
        assert np.abs(expected - mixed[row, 1 + epoch]).max() <= 1.01, (row, epoch)
        found = re.search(rf"; epoch {epoch}: ([^;]*)(;|$)", lines[row])
        assert (found and found[1]) == told, (row, epoch, lines[row], told)
assert blends > 10 and boxes > 5, (blends, boxes)
END

# run NAME RANKS WORKERS MORE...: 12 steps of 6 lanes, of which the first epoch's 4 have another side
run() {
    local name=$1 n=$2 workers=$3
    shift 3
    ranks "$n" "$UMBEL" train c.yaml --set run="runs/$name" --set workers="$workers" --steps 12 "$@" >"$name.log" 2>&1 </dev/null ||
        not_ok "train $name" "$(tail -1 "$name.log")"
}
digest() { "$UMBEL" digest "runs/$1/checkpoint/last"; }

digests=""
for n in 1 2 3; do run "$n" "$n" $((n % 2 + 1)) & done
wait
for n in 1 2 3; do digests="$digests $(digest "$n")"; done
same "mixed images: digest over ranks 1 2 3" $digests
run stopped 2 2 --steps 5
run stopped 3 1 --resume
same "mixed images: stopped at 5, resumed on 3 ranks" "$(digest 1)" "$(digest stopped)"

# Each key shapes the numbers. The digest would differ by the key alone.
weights() {
    "$PYTHON" -c 'import hashlib, sys, h5py
param = h5py.File(sys.argv[1])["param"]
print(hashlib.md5(b"".join(param[name][()].tobytes() for name in sorted(param))).hexdigest())' "runs/$1/checkpoint/last"
}
KEYS=(seed=7 augment.mixup.alpha=0.3 augment.cutmix.alpha=0.3 augment.mix.probability=0.9 augment.mix.cutmix_share=0.9 \
    augment.mix.off_epochs=4 'heads[3].mix=true' augment.enabled=false)
for k in "${!KEYS[@]}"; do run "switch-$k" 1 1 --set "${KEYS[k]}" --steps 2 & done
wait
for k in "${!KEYS[@]}"; do
    [ "$k" = 0 ] || differ "${KEYS[k]} changes the numbers" "$(weights "switch-$k")" "$(weights switch-0)"
done
finish
