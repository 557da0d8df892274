#!/usr/bin/env python3
"""Breaks runs at random until each is complete: faults.py UMBEL CONFIG FOLDER FAULTS SEED.

CONFIG is a configuration whose whole run, STEPS steps long, takes some seconds. Undisturbed it gives the digest that every
disturbed run must end with. Each part of a run has 1 to 4 ranks and suffers one fault at a step that the seed chooses; then it is
resumed, on other ranks. What is drawn depends on the seed alone; where exactly in a step a signal arrives does not.
An mpirun that stays after all its ranks have ended is ended and counted: Open MPI 4.1 with PMIx 4.2 does so at times when a
rank is killed while it starts MPI.

Prints "ok ..." and "not ok ..." lines, and a table of the faults, each line after "# ".
"""
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

STEPS, EVERY, JOBS, PATIENCE, LONELY = 240, 3, 4, 60, 20
KINDS = ["SIGTERM", "SIGUSR1", "SIGKILL", "SIGKILL at the start", "SIGKILL in a checkpoint", "full disk", "full disk at the start"]
FULL = KINDS[-2:]
LAUNCHER_HUNG = "the launcher hung"



class Part:
    """One launch of a run."""

    def __init__(self, run, ranks):
        self.run, self.log = run, open(run.log, "ab")
        self.begin = os.path.getsize(run.log)
        command = ["mpirun", "--oversubscribe", "-n", str(ranks), run.umbel, "train", run.config, "--set", "run=" + run.folder,
                   "--set", "checkpoint.every_steps=%d" % EVERY, "--steps", str(STEPS), "--resume"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def rank_processes(self):
        """Rank to process, of those that live."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    if ("run=" + self.run.folder).encode() not in file.read().split(b"\0"):
                        continue
                with open("/proc/%s/environ" % pid, "rb") as file:
                    rank = re.search(rb"(?:^|\0)OMPI_COMM_WORLD_RANK=(\d+)", file.read())
                    if rank:
                        found[int(rank.group(1))] = int(pid)
            except OSError:
                pass
        return found

    def text(self):
        with open(self.run.log, "rb") as file:
            file.seek(self.begin)
            return file.read().decode(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def wait_until(self, condition, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while self.alive() and not condition() and time.monotonic() < end:
            time.sleep(0.002)
        return self.alive() and condition()

    def end(self):
        """Exit code; None or LAUNCHER_HUNG if it had to be ended."""
        code, end, lonely = None, time.monotonic() + PATIENCE, 0
        while code is None and time.monotonic() < end and lonely < LONELY:
            try:
                code = self.process.wait(1)
            except subprocess.TimeoutExpired:
                lonely = 0 if self.rank_processes() else lonely + 1
        if code is None:
            self.process.kill()
            self.process.wait()
            code = LAUNCHER_HUNG if lonely >= LONELY else None
        self.log.close()
        return code


class Run:
    def __init__(self, umbel, config, folder):
        self.umbel, self.config, self.folder = umbel, config, folder
        self.log = "%s.log" % os.path.join(os.path.dirname(config), os.path.basename(folder))  # not on the disk that fills up
        open(self.log, "wb").close()
        self.open_faults = []  # those that hit it, until it is known how the run goes on

    def newest(self):
        """Step of the newest checkpoint; 0 without one."""
        try:
            names = os.listdir(self.folder + "/checkpoint")
        except OSError:
            return 0
        return max([int(m.group(1)) for m in (re.fullmatch(r"step-(\d+)\.h5", name) for name in names) if m], default=0)

    def writes_checkpoint(self):
        try:
            return any(".h5.tmp-" in name for name in os.listdir(self.folder + "/checkpoint"))
        except OSError:
            return False

    def last_step(self):
        """Step of the last record."""
        try:
            with open(self.folder + "/metrics.jsonl") as file:
                steps = re.findall(r'"kind":"train","step":(\d+),.*\}\n', file.read())
        except OSError:
            return 0
        return int(steps[-1]) if steps else 0

    def settle(self, how):
        for fault in self.open_faults:
            fault.then = how
        self.open_faults = []

    def digest(self):
        return subprocess.run([self.umbel, "digest", self.folder + "/checkpoint/last"], capture_output=True, text=True).stdout.strip()


class Fault:
    def __init__(self, lost, seconds):
        self.lost, self.seconds = lost, seconds  # steps; from the fault to the end of the job
        self.then = None  # "resumed", "anew" (there was no checkpoint yet), "complete"


class Tally:
    def __init__(self):
        self.lock, self.problems = threading.Lock(), []
        self.done = {kind: [] for kind in KINDS}
        self.runs = self.equal = self.launcher_hung = 0

    def problem(self, text):
        with self.lock:
            self.problems.append(text)


def fill_disk(run):
    """Takes all room of the run's file system; returns the file that does it."""
    filler = os.path.join(os.path.dirname(run.folder), "filler-" + os.path.basename(run.folder))
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler


def inflict(part, kind, rank, target):
    """True if the fault hit a part at work."""
    run = part.run
    if kind == "full disk at the start":
        return part.wait_until(lambda: "training goes on, config.yaml stays" in part.text(), 10)
    if kind == "SIGKILL at the start":
        time.sleep(target % 50 / 50)
    elif not part.wait_until(lambda: run.last_step() >= target):
        return False
    if kind == "SIGKILL in a checkpoint" and not part.wait_until(run.writes_checkpoint):
        return False
    if kind == "full disk":
        filler = fill_disk(run)
        part.wait_until(lambda: "cannot write checkpoint" in part.text(), 5)
        os.remove(filler)
        return "cannot write checkpoint" in part.text()
    pid = part.rank_processes().get(rank)
    if pid is None:
        return False
    try:
        os.kill(pid, getattr(signal, kind.split()[0]))
    except OSError:
        return False
    return True


def check_end(run, part, kind, rank, code, tally):
    """What a fault must leave behind; returns the steps that were lost."""
    text = part.text()
    worked = re.search(r"^epoch .* step \d+/", text, re.M)  # else what an earlier part left on a full disk would be counted again
    lost = run.last_step() - run.newest() if worked else 0
    where = "%s on rank %d, step %d" % (kind, rank, run.last_step())
    if code is None:
        tally.problem(where + ": did not end")
    elif code == LAUNCHER_HUNG:
        with tally.lock:
            tally.launcher_hung += 1
    elif kind in ("SIGTERM", "SIGUSR1"):
        if code not in (0, 85):
            tally.problem("%s: exit code %d: %s" % (where, code, text[-300:]))
        if lost != 0:
            tally.problem("%s: %d steps lost" % (where, lost))
    elif kind in FULL:
        if code != 0 and not (code == 4 and "No space left" in text):  # the last checkpoint must be written
            tally.problem("%s: exit code %d: %s" % (where, code, text[-300:]))
    elif code == 0:
        tally.problem(where + ": exit code 0")
    elif lost > EVERY:
        tally.problem("%s: %d steps lost, checkpoints are %d apart" % (where, lost, EVERY))
    return max(lost, 0)


def part_of_run(run, rng, kinds, tally):
    """Starts or resumes the run and breaks it. True: it is complete."""
    base, ranks = run.newest(), rng.randint(1, 4)
    kind, rank, target = rng.choice(kinds), rng.randrange(ranks), base + rng.randint(1, 50)
    if kind == "SIGKILL in a checkpoint":
        rank = 0
    filler = fill_disk(run) if kind == "full disk at the start" else None
    part = Part(run, ranks)
    hit = inflict(part, kind, rank, target)
    if filler:
        os.remove(filler)
    begin = time.monotonic()
    code = part.end()
    seconds = time.monotonic() - begin
    resumed = "resuming" in part.text()
    if resumed or base == 0:
        run.settle("resumed" if resumed else "anew")
    if base > 0 and kind != "SIGKILL at the start" and not resumed:
        tally.problem("%s: not resumed from step %d: %s" % (run.folder, base, part.text()[-300:]))
    if hit:
        lost = check_end(run, part, kind, rank, code, tally)
        fault = Fault(lost, seconds)
        run.open_faults.append(fault)
        with tally.lock:
            tally.done[kind].append(fault)
        if code == 0:
            run.settle("complete")
    elif code != 0 and not (kind in FULL and "No space left" in part.text()):  # too full to begin
        tally.problem("%s: exit code %s without a fault: %s" % (run.folder, code, part.text()[-300:]))
    return code == 0


def break_runs(umbel, config, folder, faults, seed, kinds, reference, tally):
    rng, number = random.Random(seed), 0
    while sum(map(len, tally.done.values())) < faults and not tally.problems:
        run = Run(umbel, config, "%s/run-%d-%d" % (folder, seed, number))
        number += 1
        while not tally.problems and not part_of_run(run, rng, kinds, tally):
            pass
        if tally.problems:
            return
        digest = run.digest()
        with tally.lock:
            tally.runs += 1
            tally.equal += digest == reference
        if digest != reference:
            tally.problem("%s: digest %s, not %s" % (run.folder, digest, reference))
        subprocess.run(["rm", "-rf", run.folder])


def mount_small(folder):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True).returncode == 0


def report(tally, faults, seconds):
    count = sum(map(len, tally.done.values()))
    for text in tally.problems:
        print("not ok", text.replace("\n", "|"))
    if count >= faults and not tally.problems:
        print("ok %d faults: every one resumed, no step lost on SIGTERM and SIGUSR1" % count)
        print("ok %d runs: every final digest that of the undisturbed run" % tally.runs)
    print("# | fault | times | resumed | begun anew | went on to the end | steps lost, at most | end after, at most (s) |")
    print("# |---|---|---|---|---|---|---|")
    for kind, faults_ in tally.done.items():
        if faults_:
            then = [sum(fault.then == how for fault in faults_) for how in ("resumed", "anew", "complete")]
            print("# | %s | %d | %d | %d | %d | %d | %s |" % (kind, len(faults_), *then, max(fault.lost for fault in faults_),
                  "goes on" if kind in FULL else "%.0f" % max(fault.seconds for fault in faults_)))
    print("# %d faults in %d runs, %d of %d digests equal, mpirun hung %d times, %.0f s" %
          (count, tally.runs, tally.equal, tally.runs, tally.launcher_hung, seconds))


def main():
    umbel, config, folder, faults, seed = sys.argv[1:4] + [int(sys.argv[4]), int(sys.argv[5])]
    begin, tally, threads, mounted = time.monotonic(), Tally(), [], []
    whole = Run(umbel, config, folder + "/undisturbed")
    if Part(whole, 1).end() != 0:
        sys.exit("not ok undisturbed run: " + open(whole.log).read()[-300:])
    try:
        for job in range(JOBS):
            place = "%s/disk-%d" % (folder, job)
            os.makedirs(place)
            if mount_small(place):
                mounted.append(place)
        kinds = KINDS if len(mounted) == JOBS else [kind for kind in KINDS if kind not in FULL]
        for job in range(JOBS):
            threads.append(threading.Thread(target=break_runs, args=(umbel, config, "%s/disk-%d" % (folder, job), faults,
                                                                     seed + job, kinds, whole.digest(), tally)))
            threads[-1].start()
        for thread in threads:
            thread.join()
    finally:
        for place in mounted:
            subprocess.run(["umount", place])
    report(tally, faults, time.monotonic() - begin)
    sys.exit(1 if tally.problems else 0)


main()
