"""Runs the same studies with an older and this build in turn, and prints what they took and how far they are apart."""

import csv
import json
import os
import subprocess
import sys
import time

OLD, NEW, ROOT, WORK = sys.argv[1:5]
LAYERS = os.environ.get("LAYERS", "6")


def timed(command, log):
    start = time.perf_counter()
    with open(log, "w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: {open(log).read()[-2000:]}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def base():
    folder = os.path.join(WORK, "models")
    if not os.path.isdir(folder):
        script = os.path.join(ROOT, "Benchmarks", "scaling_models.py")
        subprocess.run([sys.executable, script, folder], check=True)
    return os.path.join(folder, "base-12")


def imported():
    """Phones of 12 kinds in utterances of 100 spans; every layer holds them in another direction, more so the deeper."""
    import numpy

    spans, width, depth = (int(os.environ.get(k, v)) for k, v in (("SPANS", 50_000), ("WIDTH", 768), ("DEPTH", 13)))
    folder, numbers = os.path.join(WORK, "imported"), numpy.random.default_rng(0)
    os.makedirs(folder, exist_ok=True)
    means = numbers.normal(size=(depth, 12, width)).astype("float32")
    arrays = {}
    with open(os.path.join(folder, "labels.csv"), "w") as table:
        table.write("utterance,speaker,level,start,end,label\n")
        for number in range(spans // 100):
            name, labels = f"u{number:04}", numbers.integers(0, 12, 100)
            for place, label in enumerate(labels):
                table.write(f"{name},s{number % 20},phoneme,{place * 0.02:.2f},{place * 0.02 + 0.02:.2f},p{label}\n")
            for layer in range(depth):
                noise = numbers.normal(size=(100, width)).astype("float32")
                arrays[f"{name}/hidden.{layer}"] = noise + 0.03 * (layer + 1) * means[layer][labels]
    path = os.path.join(WORK, "imported.npz")
    numpy.savez(path, **arrays)
    return path, folder


def arguments(case):
    unseen = os.path.join(ROOT, "fixtures", "unseen")
    if case == "demo":
        return [os.path.join(ROOT, "fixtures", "w2v2-tiny-phones", "model.ckpt"), "--corpus", unseen]
    if case == "base":
        return [base(), "--corpus", unseen, "--layers", LAYERS, "--levels", "phoneme", "--twins", "1"]
    if case == "whisper":
        return [os.environ["MODEL"], "--corpus", os.environ["CORPUS"]]
    path, folder = imported()
    return [path, "--corpus", folder, "--hop", "20", "--levels", "phoneme"]


def numbers(folder):
    with open(os.path.join(folder, "layers.csv")) as table:
        return {(row["layer"], row["level"]): float(row["value"]) for row in csv.DictReader(table)
                if row["metric"] == "accuracy" and row["value"]}


def statements(folder):
    study = json.load(open(os.path.join(folder, "study.json")))
    return {level["level"]: ((level.get("verdict") or {}).get("decision"),
                             sorted(layer["name"] for layer in (level.get("peak") or {}).get("peakSet", [])))
            for level in study["levels"]}


print("| study | threads | wall, old | wall, new | share | CPU, old | CPU, new | share | memory, old | memory, new "
      "| largest difference in accuracy |")
print("|---|---|---|---|---|---|---|---|---|---|---|")
for case in sys.argv[5:]:
    words = arguments(case)
    for threads in os.environ.get("THREADS", "1").split():
        took, folders = [], []
        for name, command in (("old", OLD), ("new", NEW)):
            folder = os.path.join(WORK, f"{case}-{threads}-{name}")
            took.append(timed([command, *words, "--threads", threads, "--output", folder], folder + ".log"))
            folders.append(folder)
        (old, new), (before, after) = took, map(numbers, folders)
        worst = max((abs(before[key] - after[key]), key) for key in before if key in after)
        print(f"| {case} | {threads} | {old[0]:.1f} s | {new[0]:.1f} s | **{new[0] / old[0]:.2f}** | {old[1]:.1f} s "
              f"| {new[1]:.1f} s | **{new[1] / old[1]:.2f}** | {old[2]:.0f} MiB | {new[2]:.0f} MiB "
              f"| {100 * worst[0]:.2f} points ({worst[1][1]}, {worst[1][0]}) |", flush=True)
        for level, (decision, peaks) in statements(folders[1]).items():
            earlier = statements(folders[0]).get(level)
            print(f"  {level}: {decision} ({', '.join(peaks)}); old: {earlier}", file=sys.stderr)
