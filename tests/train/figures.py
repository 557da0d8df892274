"""The figures of metrics.jsonl, as TensorBoard and tables should show them."""
import json
import os

SPLITS = {"train": "train", "val": "val", "epoch": "train"}


def figures(run):
    """(epoch, step, split, head, figure, value) in the order of the file; head "": all together."""
    with open(os.path.join(run, "metrics.jsonl")) as file:
        records = [json.loads(line) for line in file]
    for record in records:
        if record["kind"] not in SPLITS:
            continue
        place = record["epoch"], record["step"], SPLITS[record["kind"]]
        for key, value in record.items():
            if key == "heads":
                for head, of in value.items():
                    for name, number in of.items():
                        yield *place, head, name, number
            elif key == "interference":
                for i, head in enumerate(value["heads"]):
                    yield *place, head, "norm", value["norms"][i]
                    for j in range(i):
                        yield *place, head, "cosine." + value["heads"][j], value["cosines"][i][j]
            elif isinstance(value, dict):
                for name, number in value.items():
                    yield *place, "", f"{key}.{name}", number
            elif key not in ("kind", "step", "epoch") and value is not None:
                yield *place, "", key, value


def tags(run):
    """tag -> step -> value"""
    found = {}
    for _, step, split, head, figure, value in figures(run):
        tag = f"{head}/{figure}/{split}" if head else f"{split}/{figure}"
        found.setdefault(tag, {})[step] = value
    return found
