#!/usr/bin/python3
"""make bench-peer: the same training steps, and the same input pipeline, in umbel and in PyTorch, interleaved in one
sitting; medians as Markdown tables.

    peer.py UMBEL

PyTorch is Debian's (in the better of both memory formats) and the newest of PyPI, eager and compiled, which is installed
into build/peer: the wheel for Linux wants the CUDA libraries even where there is no GPU, 5.4 GB in all.
STEPS, ROUNDS, MODELS, WORKERS, BATCH, IMAGE in the environment choose what is measured; PEERS="debian" leaves PyPI out.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

import subject

ROUNDS = int(os.environ.get("ROUNDS", "3"))
PEERS = os.environ.get("PEERS", "debian pypi").split()
FORMATS = ("contiguous_format", "channels_last")
WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer_worker.py")
PICTURES = ((500, 375), (3000, 2000))
PEER_FOLDER = "build/peer"


class Peer:
    """A process of PyTorch that answers each line with one of JSON."""

    def __init__(self, python, threads, *arguments):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONDONTWRITEBYTECODE="1")
        environment.pop("OPENBLAS_CORETYPE", None)
        self.process = subprocess.Popen([python, WORKER, *map(str, arguments)], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.about = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"peer.py: {' '.join(self.process.args)} has ended")
        return json.loads(line)

    def ask(self, question):
        self.process.stdin.write(f"{question}\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def pythons():
    """(label, interpreter) of each PyTorch; the newest is installed if it is not there."""
    found = [("Debian", "/usr/bin/python3")] if "debian" in PEERS else []
    if "pypi" in PEERS:
        python = os.path.join(PEER_FOLDER, "bin", "python")
        if subprocess.run([python, "-c", "import torch, torchvision, PIL"], stderr=subprocess.DEVNULL,
                          check=False).returncode if os.path.exists(python) else True:
            print(f"peer.py: installing PyTorch into {PEER_FOLDER}, 5.4 GB", file=sys.stderr)
            subprocess.run(["/usr/bin/python3", "-m", "venv", PEER_FOLDER], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "torch", "torchvision", "pillow"], check=True)
        found.append(("PyPI", python))
    return found


def steps_peer(python, model, memory_format, mode):
    return Peer(python, subject.WORKERS, "steps", model, memory_format, mode, subject.WORKERS, subject.BATCH,
                subject.IMAGE, ",".join(map(str, subject.CLASSES)))


def better_format(python, model):
    """The memory format with the faster eager steps, by two steps each."""
    pace = {}
    for memory_format in FORMATS:
        peer = steps_peer(python, model, memory_format, "eager")
        pace[memory_format] = min(peer.ask(2)["seconds"])
        peer.close()
    return min(pace, key=pace.get)


class Runs:
    """What one contender showed in all rounds."""

    def __init__(self, label):
        self.label, self.seconds, self.evaluation, self.peak = label, [], [], 0

    def add(self, seconds, evaluation, peak):
        self.seconds += seconds
        self.evaluation += evaluation
        self.peak = max(self.peak, peak)

    def row(self, model, reference):
        """Beside `reference`, the Runs of umbel."""
        median, evaluation = statistics.median(self.seconds), statistics.median(self.evaluation)
        return [model, self.label, f"{median:.3f} ({min(self.seconds):.3f} - {max(self.seconds):.3f})",
                f"{subject.BATCH / median:.2f}", f"{median / statistics.median(reference.seconds):.2f}", f"{self.peak / 1e9:.2f}",
                f"{evaluation:.1f}", f"{statistics.median(reference.evaluation) / evaluation:.2f}"]


def open_peers(model, interpreters):
    peers = []
    for label, python in interpreters:
        memory_format = better_format(python, model)
        for mode in ("eager", "compile") if label == "PyPI" else ("eager",):
            peer = steps_peer(python, model, memory_format, mode)
            words = {"channels_last": "channels last", "contiguous_format": "channels first"}[memory_format]
            peers.append((peer, Runs(f"PyTorch {peer.about['torch']}, {mode}, {words}")))
    return peers


def compare_steps(umbel, model, interpreters):
    """Rows of the table; each round takes its share of the steps from every contender in turn."""
    share = max(1, subject.STEPS // ROUNDS)
    contenders = [(environment, Runs(f"umbel, core {label}")) for label, environment in subject.environments()]
    peers = open_peers(model, interpreters)
    for _ in range(ROUNDS):
        for environment, runs in contenders:
            found = subject.umbel_steps(umbel, model, share, environment)
            runs.add([found["still"]["step_seconds"]], [found["still"]["evaluation_images_per_second"]], found["still"]["peak_bytes"])
        for peer, runs in peers:
            found = peer.ask(share)
            runs.add(found["seconds"], found["evaluation"], found["peak_bytes"])
    for peer, _ in peers:
        peer.close()
    return [runs.row(model, contenders[0][1]) for _, runs in contenders + peers]


def make_picture(python, path, width, height):
    """Smooth colours with some grain, so that the file has about the size of a photograph's."""
    code = ("import sys\nfrom PIL import Image\npath, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])\n"
            "smooth = Image.effect_noise((16, 12), 90).resize((width, height), Image.BICUBIC)\n"
            "grain = Image.effect_noise((width, height), 12)\n"
            "channel = Image.blend(smooth, grain, 0.3)\n"
            "Image.merge('RGB', (channel, smooth, grain)).save(path, quality=90)\n")
    subprocess.run([python, "-c", code, path, str(width), str(height)], check=True)


def compare_pictures(umbel, interpreters, folder):
    rows = []
    for width, height in PICTURES:
        path = os.path.join(folder, f"{width}x{height}.jpg")
        make_picture("/usr/bin/python3", path, width, height)
        about = subject.run_umbel(umbel, ["--picture", path])["pictures"][0]
        ranges = [about[key] for key in ("scale_low", "scale_high", "ratio_low", "ratio_high")]
        peers = [(Peer(python, 1, "pictures", about["side"], *ranges), []) for _, python in interpreters]
        own = []
        for _ in range(ROUNDS):
            own.append(subject.run_umbel(umbel, ["--picture", path])["pictures"][0]["images_per_second"])
            for peer, rates in peers:
                rates.append(peer.ask(path)["images_per_second"])
        size = f"{width} x {height}, {os.path.getsize(path) // 1000} kB"
        rows.append([size, "umbel", f"{statistics.median(own):.0f}", "1.00"])
        for peer, rates in peers:
            peer.close()
            rate = statistics.median(rates)
            rows.append([size, f"torchvision {peer.about['torchvision']}, Pillow {peer.about['pillow']}",
                         f"{rate:.0f}", f"{rate / statistics.median(own):.2f}"])
    return rows


def main():
    umbel = sys.argv[1]
    interpreters = pythons()
    print(f"\nTraining steps: batch {subject.BATCH}, {subject.IMAGE} pixels, {len(subject.CLASSES)} heads, AdamW, float32, "
          f"{subject.WORKERS} threads each; {ROUNDS} rounds in turn. Of umbel a round is the median of its steps.\n", flush=True)
    head = ["network", "by", "seconds per step (range)", "images/s", "time / umbel's", "peak GB", "evaluation, images/s", "umbel's times that"]
    subject.table(head, (row for model in subject.MODELS for row in compare_steps(umbel, model, interpreters)))
    print("\nInput on one core: decoding, random crop to 224 pixels, flip, normalising.\n")
    with tempfile.TemporaryDirectory() as folder:
        subject.table(["JPEG", "by", "images/s", "rate / umbel's"], compare_pictures(umbel, interpreters, folder))


main()
