"""What is measured, for models.py and peer.py: networks of full size, and umbel's steps on them."""
import itertools
import json
import os
import subprocess

MODELS = os.environ.get("MODELS", "convnext_tiny resnet18 resnet50 vit_base_patch16").split()
STEPS = int(os.environ.get("STEPS", "10"))
WORKERS = int(os.environ.get("WORKERS", "2"))
BATCH = int(os.environ.get("BATCH", "16"))
IMAGE = int(os.environ.get("IMAGE", "224"))
CLASSES = (22, 176, 7)


def environments():
    """What OpenBLAS is told of its core: as set, and left alone if it was set."""
    given = os.environ.get("OPENBLAS_CORETYPE")
    free = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    return [("chosen by OpenBLAS", free)] + ([(f"OPENBLAS_CORETYPE={given}", dict(os.environ))] if given else [])


def run_umbel(umbel, arguments, environment=None):
    return json.loads(subprocess.run([umbel, "bench", "--json", *arguments], env=environment, check=True,
                                     stdout=subprocess.PIPE).stdout)


def umbel_steps(umbel, model, steps, environment=None):
    """A run of umbel: as many lanes as workers, so that none is idle."""
    sets = {"image": IMAGE, "batch": BATCH, "lane": BATCH // WORKERS, "workers": WORKERS, "optimizer.kind": "adamw"}
    arguments = ["--trunk", model, "--classes", ",".join(map(str, CLASSES)), "--steps", str(steps)]
    for key, value in sets.items():
        arguments += ["--set", f"{key}={value}"]
    return run_umbel(umbel, arguments, environment)


def table(head, rows):
    """Markdown; each row as soon as it is there."""
    for row in itertools.chain((head, ["---"] * len(head)), rows):
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)
