"""Layer × layer similarity in NumPy, and the comparison of Strata with it.

    similarity_peer.py data FOLDER LAYERS ROWS WIDTH     makes the states of LAYERS layers as .npy
    similarity_peer.py peer MEASURE FILE...              times one matrix, prints seconds and values as JSON
    similarity_peer.py compare BINARY MEASURE THREADS ROUNDS FILE...
                                                         runs both in turn and prints times and ratios

MEASURE is cka32, cka64, svcca32, svcca64 (the number is the precision), or published32 (the CKA function in
use, called on each pair: three products a pair). The others do what a careful user would: centre once, take
each layer's norm or decomposition once, each pair once.
"""
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np


def make(folder, layers, rows, width):
    """Each layer is nine tenths of the one before and something new; the spectrum decays."""
    random = np.random.default_rng(0)
    scales = (1 / np.sqrt(np.arange(1, width + 1))).astype(np.float32)

    def fresh():
        turned = np.linalg.qr(random.standard_normal((width, width)))[0].astype(np.float32)
        return (random.standard_normal((rows, width), dtype=np.float32) * scales) @ turned

    states = fresh()
    os.makedirs(folder, exist_ok=True)
    for layer in range(layers):
        np.save(os.path.join(folder, f"hidden.{layer:02d}.npy"), states + np.float32(0.3))
        states = np.float32(0.9) * states + np.float32(0.43) * fresh()


def centred(x):
    return x - x.mean(0)


def cka(layers):
    """Debiased linear CKA in feature space."""
    layers = [centred(x) for x in layers]
    norms = [np.einsum("ij,ij->i", x, x) for x in layers]
    n = len(layers[0])

    def hsic(i, j):
        squares = float(np.linalg.norm(layers[i].T @ layers[j])) ** 2
        return (squares - n / (n - 2) * float(norms[i] @ norms[j])
                + float(norms[i].sum()) * float(norms[j].sum()) / ((n - 1) * (n - 2)))

    own = [hsic(i, i) for i in range(len(layers))]
    return matrix(len(layers), lambda i, j: hsic(i, j) / np.sqrt(own[i] * own[j]))


def published(layers):
    def value(i, j):
        x, y = centred(layers[i]), centred(layers[j])
        return float(np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))

    return matrix(len(layers), value)


def svcca(layers):
    """Mean correlation of the directions that hold 99 % of the variance."""
    bases = []
    for x in layers:
        u, s, _ = np.linalg.svd(centred(x), full_matrices=False)
        kept = int(np.searchsorted(np.cumsum(s**2) / np.sum(s**2), 0.99)) + 1
        bases.append(u[:, :kept])
    return matrix(
        len(bases),
        lambda i, j: float(np.linalg.svd(bases[i].T @ bases[j], compute_uv=False).clip(0, 1).mean()))


def matrix(count, value):
    result = [[1.0] * count for _ in range(count)]
    for i in range(count):
        for j in range(i + 1, count):
            result[i][j] = result[j][i] = value(i, j)
    return result


def peer(measure, files):
    precision = {"32": np.float32, "64": np.float64}[measure[-2:]]
    layers = [np.load(f).astype(precision) for f in files]
    function = {"cka": cka, "svcca": svcca, "published": published}[measure[:-2]]
    start, start_cpu = time.perf_counter(), time.process_time()
    values = function(layers)
    json.dump({"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - start_cpu,
               "values": values}, sys.stdout)


def compare(binary, measure, threads, rounds, files):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads)
    ours, theirs = [], []
    name = {"cka": "cka", "svcca": "svcca", "published": "cka"}[measure[:-2]]
    for _ in range(int(rounds)):
        ours.append(outcome([binary, name, threads, *files], environment))
        theirs.append(outcome([sys.executable, __file__, "peer", measure, *files], environment))
    line = f"{measure:12} threads {threads}"
    for clock, unit in (("seconds", "s"), ("cpuSeconds", "CPU s")):
        own, other = (statistics.median(o[clock] for o in side) for side in (ours, theirs))
        ratios = [a[clock] / b[clock] for a, b in zip(ours, theirs)]
        line += (f"  Strata {own:6.2f} NumPy {other:6.2f} {unit} ratio {own / other:.3f} "
                 f"({min(ratios):.3f} … {max(ratios):.3f})")
    if measure != "published32":
        a, b = np.array(ours[0]["values"], float), np.array(theirs[0]["values"], float)
        line += f"  largest difference {np.max(np.abs(a - b)):.1e}"
    print(line, flush=True)


def outcome(command, environment):
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)


if __name__ == "__main__":
    action, *rest = sys.argv[1:]
    if action == "data":
        make(rest[0], int(rest[1]), int(rest[2]), int(rest[3]))
    elif action == "peer":
        peer(rest[0], rest[1:])
    else:
        compare(rest[0], rest[1], rest[2], rest[3], rest[4:])
