#!/usr/bin/env python3
"""Runs the commands of a Markdown page as they stand there, and compares what they print with what the page shows.

page.py PAGE FOLDER [--skip REGEX] [--update]

Commands stand in indented blocks. Where a block has lines that begin with "$ ", these are the commands, and the lines below each are what it prints; else each line is a command of
which the page shows nothing. A last line "…" stands for more. A fenced block that begins with "# NAME.yaml" is written to that file. All runs in FOLDER, by bash, until a command
fails. --update writes what was printed into the page instead.

Compared is everything but progress, and rates, times, versions (VARYING). No digit is compared of commands that measure, and none at all where products are not fused with additions (x86-64-v2),
since other digits are right there. The doctor may say what it likes, and find problems: it speaks of this machine.
"""
import argparse
import os
import re
import subprocess
import sys

INDENT = "    "
MORE = "…"
PROGRESS = re.compile(r"^[a-z ]+: \S+ (images|steps|records|tests)\s.* left\b.*$|^(rendering|packing|looking at|training|predicting): .* in \d\d:\d\d\b.*$")
VARYING = [
    r"\b\d\d:\d\d(:\d\d)?\b",
    r"(?<=data )\d+%|(?<=compute )\d+%|(?<=comm )\d+%",
    r"\b[\d.]+(?= (images/s|Gbit/s|GiB|ms|us|s)\b)|\b[\d.]+(?=/s\b)",
    r"(?<=commit )\w+|(?<=written by umbel )\S+",
]
ANY_DIGITS = [r"\b[0-9a-f]{8,}\b", r"\d+(\.\d+)?( (ms|us|s|min|h)\b)?"]
MEASURES = r"\bumbel (plan|bench) "
DOCTOR = r"\bumbel doctor "
FOUND_PROBLEMS = 4  # the doctor's exit code


class Block:
    """Commands of one indented block: (command, lines shown or None), from line `begin` of the page up to `end`."""

    def __init__(self, lines, begin):
        self.begin, self.end, self.commands = begin, begin + len(lines), []
        self.session = any(line.startswith("$ ") for line in lines)
        for line in lines:
            if not self.session:
                self.commands.append((line, None))
            elif line.startswith("$ "):
                self.commands.append((line[2:], []))
            else:
                self.commands[-1][1].append(line)

    def written(self, outputs):
        """The lines of the block with other outputs; as many as before where the page shows but the first."""
        for (command, shown), output in zip(self.commands, outputs):
            yield INDENT + "$ " + command
            if shown and shown[-1] == MORE and len(output) >= len(shown):
                output = output[: len(shown) - 1] + [MORE]
            yield from ((INDENT + line).rstrip() for line in output)


def blocks(lines):
    """Blocks and files (name, text) of a page, in order."""
    at, after_text = 0, False
    while at < len(lines):
        line = lines[at]
        if line.startswith("```"):
            end = lines.index("```", at + 1)
            named = re.fullmatch(r"# (\S+\.yaml)", lines[at + 1])
            if named:
                yield named[1], "\n".join(lines[at + 1 : end]) + "\n"
            at = end + 1
        elif line.startswith(INDENT) and not after_text:
            end = at
            while end < len(lines) and (lines[end].startswith(INDENT) or not lines[end].strip() and lines[end + 1 : end + 2] and lines[end + 1].startswith(INDENT)):
                end += 1
            yield Block([text[len(INDENT) :] for text in lines[at:end]], at)
            at = end
        else:
            # an indented line goes on with a paragraph or a list, unless a blank line is above and no list
            after_text = bool(line.strip()) and not line.startswith("#") and (after_text or line.startswith("- "))
            at += 1


def run(command, folder):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, [line.rstrip() for line in done.stdout.splitlines() if not PROGRESS.match(line)]


def masked(line, exact):
    for pattern in VARYING if exact else ANY_DIGITS:
        line = re.sub(pattern, "*", line)
    return " ".join(line.split())


def difference(shown, output, exact):
    """What is wrong with the output, or an empty string."""
    more = shown and shown[-1] == MORE
    if more:
        shown, output = shown[:-1], output[: len(shown) - 1]
    for expected, got in zip(shown, output):
        if masked(expected, exact) != masked(got, exact):
            return f"shows '{expected}', printed is '{got}'"
    if len(shown) != len(output):
        return f"shows {len(shown)} lines, printed are {len(output)}: " + " | ".join((output if len(output) > len(shown) else shown)[min(len(shown), len(output)) :][:3])
    return ""


def follow(page, folder, skip, update):
    """Runs the page, reports each command; returns the page with the outputs of this run, and whether all was well."""
    name = os.path.basename(page)
    with open(page, encoding="utf-8") as file:
        lines = file.read().split("\n")
    exact = "arithmetic: fused" in "\n".join(run("build/umbel --version", folder)[1])
    new, at, count, good = [], 0, 0, True
    for item in blocks(lines):
        if not isinstance(item, Block):
            with open(os.path.join(folder, item[0]), "w", encoding="utf-8") as file:
                file.write(item[1])
            continue
        outputs = []
        for command, shown in item.commands:
            if re.search(skip, command):
                outputs.append(shown or [])
                continue
            code, output = run(command, folder)
            count += 1
            outputs.append(output)
            if re.search(DOCTOR, command):
                shown, code = None, 0 if code == FOUND_PROBLEMS else code
            problem = ""
            if code:
                problem = f"exit code {code}: " + " | ".join(output[-3:])
            elif shown is not None and not update:
                problem = difference(shown, output, exact and not re.search(MEASURES, command))
            what = f"{name}: " + re.sub(" +#.*", "", command)
            print(f"not ok {what}: {problem}" if problem else f"ok {what}", flush=True)
            good = good and not problem
            if code:
                return None, False
        new += lines[at : item.begin] + (list(item.written(outputs)) if item.session else lines[item.begin : item.end])
        at = item.end
    if not count:
        print(f"not ok {name}: no command was found")
    return "\n".join(new + lines[at:]), good and count > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("folder")
    parser.add_argument("--skip", default="(?!)", help="commands that are left out: a regular expression")
    parser.add_argument("--update", action="store_true")
    given = parser.parse_args()
    text, good = follow(given.page, given.folder, given.skip, given.update)
    if given.update and good:
        with open(given.page, "w", encoding="utf-8") as file:
            file.write(text)
    return 0 if good else 1


sys.exit(main())
