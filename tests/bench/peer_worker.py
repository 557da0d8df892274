#!/usr/bin/python3
"""PyTorch's side of peer.py: one network and its optimizer, or the input pipeline, driven through standard input.

    peer_worker.py steps MODEL MEMORY-FORMAT eager|compile THREADS BATCH IMAGE CLASSES   then lines with a number of steps
    peer_worker.py pictures SIDE SCALE-LOW SCALE-HIGH RATIO-LOW RATIO-HIGH               then lines with the path of a picture

Answers each line with one of JSON; the first one tells that all is ready, warmed up, and what it is.
"""
import io
import json
import resource
import sys
import time

import torch
import torchvision
from torch import nn


class Heads(nn.Module):
    """A linear classifier per label group."""

    def __init__(self, features, classes):
        super().__init__()
        self.head = nn.ModuleList(nn.Linear(features, count) for count in classes)

    def forward(self, x):
        return [head(x) for head in self.head]


def build(model, classes):
    """torchvision's network with our heads in place of its classifier."""
    if model.startswith("resnet"):
        network = getattr(torchvision.models, model)()
        network.fc = Heads(network.fc.in_features, classes)
    elif model.startswith("convnext"):
        network = getattr(torchvision.models, model)()
        network.classifier[2] = Heads(network.classifier[2].in_features, classes)
    elif model == "vit_base_patch16":
        network = torchvision.models.vit_b_16()
        network.heads = Heads(network.hidden_dim, classes)
    else:
        sys.exit(f"peer_worker.py: {model}: no such network here")
    return network


def answer(**facts):
    print(json.dumps(facts), flush=True)


def make_steps(model, memory_format, mode, batch, image, classes):
    """Two functions: one training step on the same images and labels, and one batch of an evaluation."""
    torch.manual_seed(1)
    form = getattr(torch, memory_format)
    network = build(model, classes).to(memory_format=form).train()
    images = torch.randn(batch, 3, image, image).contiguous(memory_format=form)
    labels = [torch.arange(batch) % count for count in classes]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.05)
    forward = torch.compile(network) if mode == "compile" else network
    loss_of = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = sum(loss_of(logits, label) for logits, label in zip(forward(images), labels))
        loss.backward()
        optimizer.step()
        return loss.item()

    def evaluate():
        network.eval()
        with torch.inference_mode():
            correct = [(logits.argmax(1) == label).sum() for logits, label in zip(forward(images), labels)]
        network.train()
        return [count.item() for count in correct]

    return step, evaluate


def timed(work, times):
    """Seconds of each call."""
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return seconds


def serve_steps(model, memory_format, mode, threads, batch, image, classes):
    torch.set_num_threads(int(threads))
    step, evaluate = make_steps(model, memory_format, mode, int(batch), int(image), [int(c) for c in classes.split(",")])
    step(), step(), evaluate(), evaluate()  # compiles, touches memory
    answer(torch=torch.__version__, torchvision=torchvision.__version__)
    for line in sys.stdin:
        seconds = timed(step, int(line))
        answer(seconds=seconds, peak_bytes=1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
               evaluation=[int(batch) / s for s in timed(evaluate, int(line))])


def serve_pictures(side, *ranges):
    from PIL import Image, __version__ as pillow
    from torchvision import transforms
    torch.set_num_threads(1)
    low, high, narrow, wide = map(float, ranges)
    prepare = transforms.Compose([transforms.RandomResizedCrop(int(side), (low, high), (narrow, wide)),
                                  transforms.RandomHorizontalFlip(), transforms.ToTensor(),
                                  transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
    answer(torch=torch.__version__, torchvision=torchvision.__version__, pillow=pillow)
    for line in sys.stdin:
        with open(line.strip(), "rb") as file:
            data = file.read()
        prepare(Image.open(io.BytesIO(data)).convert("RGB"))
        calls, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < 2:
            prepare(Image.open(io.BytesIO(data)).convert("RGB"))
            calls += 1
        answer(images_per_second=calls / (time.perf_counter() - begin))


{"steps": serve_steps, "pictures": serve_pictures}[sys.argv[1]](*sys.argv[2:])
