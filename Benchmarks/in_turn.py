"""Two programs that are asked the same in turn: what a peer answers, and the table of how they compare.

A side is a program that says `ready` and then answers requests, a line each: `run WHAT… THREADS` with wall and CPU
seconds, `save WHAT… FILE` when the values lie there as raw float32, `memory` with its largest memory so far in bytes.
Both sides load once, are asked once without counting, and then in turn, so that the machine's mood falls on both alike.
"""

import os
import statistics
import subprocess
import sys
import time

THREADS = (1, 2)


def answer(run, save):
    """The peer's side: `run` does what the words of a request say, `save` gives its values as an array."""
    import torch

    print("ready", flush=True)
    for line in sys.stdin:
        kind, *words = line.split()
        if kind == "run":
            torch.set_num_threads(int(words[-1]))
            start = time.perf_counter(), time.process_time()
            run(*words[:-1])
            print(time.perf_counter() - start[0], time.process_time() - start[1], flush=True)
        elif kind == "save":
            save(*words[:-1]).tofile(words[-1])
            print("saved", flush=True)
        elif kind == "memory":
            status = open("/proc/self/status").read()
            print(int(status.split("VmHWM:")[1].split()[0]) * 1024, flush=True)


class Side:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(commands, names, column, requests, rounds):
    """Prints a line for each of `requests`, pairs of what the `column` says and what is asked."""
    ours, theirs = names
    print(f"| {column} | threads | wall, {ours} | wall, {theirs} | ratio | CPU, {ours} | CPU, {theirs} | ratio "
          f"| memory, {ours} | memory, {theirs} | share |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for label, request in requests:
        for threads in THREADS:
            sides = [Side(command) for command in commands]  # Fresh ones: the largest memory is then this line's.
            times = [[], []]
            for turn in range(rounds + 1):
                for side, found in zip(sides, times):
                    time.sleep(0.3)  # PyTorch's threads spin for a while after a pass.
                    wall, cpu = map(float, side.ask(f"run {request} {threads}"))
                    if turn > 0:
                        found.append((wall, cpu))
            memory = [int(side.ask("memory")[0]) / 2**20 for side in sides]
            (wall, cpu), (wall2, cpu2) = [
                [statistics.median(column) for column in zip(*found)] for found in times]
            print(f"| {label} | {threads} | {wall:.3f} s | {wall2:.3f} s | **{wall2 / wall:.2f}×** "
                  f"| {cpu:.3f} s | {cpu2:.3f} s | {cpu2 / cpu:.2f}× "
                  f"| {memory[0]:.0f} MiB | {memory[1]:.0f} MiB | {memory[0] / memory[1]:.2f} |", flush=True)
            for side in sides:
                side.close()


def difference(commands, request, folder):
    """The largest difference of what both save, relative to the peer's largest value."""
    import numpy as np

    values = []
    for command in commands:
        side, path = Side(command), os.path.join(folder, "values.f32")
        side.ask(f"save {request} {path}")
        values.append(np.fromfile(path, np.float32))
        side.close()
    return np.abs(values[0] - values[1]).max() / np.abs(values[1]).max()
