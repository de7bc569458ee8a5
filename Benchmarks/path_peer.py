"""The penalty path of one layer in scikit-learn, and the comparison of Strata's probes of all layers with it.

    path_peer.py data FOLDER ROWS WIDTH CLASSES LAYERS       makes layer-K.npy and labels.npy
    path_peer.py peer FOLDER TRAIN                           times one layer's path, prints JSON
    path_peer.py compare BINARY FOLDER TRAIN LAYERS THREADS  runs both and prints times and the ratio

scikit-learn fits LogisticRegression (lbfgs, tol 1e-4, its default) at each of the seven penalties, from the strongest down
and each from the last one's weights, judges it on the held-out rows, and fits all rows at the best. Strata does the
same for every layer, with its own tolerances, and ends the search where held-out rows are read worse than before. The
features that scikit-learn gets are standardised before its clock, Strata standardises inside.
"""
import json
import os
import subprocess
import sys
import time

import numpy as np

from probe_peer import make, outcome, standardised

PENALTIES = [10_000, 1000, 100, 10, 1, 0.1, 0.01]


def data(folder, rows, width, classes, layers):
    make(folder, rows, width, classes)
    states = np.load(os.path.join(folder, "states.npy"))
    labels = np.load(os.path.join(folder, "labels.npy"))
    random = np.random.default_rng(1)
    centres = np.stack([states[labels == k].mean(0) if (labels == k).any() else states.mean(0) for k in range(classes)])
    for layer in range(layers):
        # As a trained model's layers: the same spans, told apart more or less clearly, in other directions.
        turned = np.linalg.qr(random.standard_normal((width, width)))[0].astype(np.float32)
        strength = np.float32(np.sin(np.pi * (layer + 1) / (layers + 1)))
        np.save(os.path.join(folder, f"layer-{layer}.npy"), (states + strength * 2 * centres[labels]) @ turned)
    os.remove(os.path.join(folder, "states.npy"))


def peer(folder, train):
    from sklearn.linear_model import LogisticRegression

    x = np.load(os.path.join(folder, "layer-0.npy"))
    y = np.load(os.path.join(folder, "labels.npy"))
    train = int(train)
    mean, deviation = x[:train].mean(0), x[:train].std(0)
    inner, held = (x[:train] - mean) / deviation, (x[train:] - mean) / deviation
    whole = standardised(x).astype(np.float32)
    start, start_cpu = time.perf_counter(), time.process_time()
    best, model = (np.inf, None), LogisticRegression(warm_start=True, max_iter=2000)
    for penalty in PENALTIES:
        model.set_params(C=1 / penalty)
        model.fit(inner, y[:train])
        logs = model.predict_log_proba(held)
        places = np.searchsorted(model.classes_, y[train:])
        loss = -logs[np.arange(len(places)), places].mean()
        best = min(best, (loss, penalty))
    final = LogisticRegression(C=1 / best[1], max_iter=2000).fit(whole, y)
    json.dump({"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - start_cpu,
               "penalty": best[1], "iterations": int(final.n_iter_[0])}, sys.stdout)


def compare(binary, folder, train, layers, threads):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads)
    files = [os.path.join(folder, f"layer-{k}.npy") for k in range(int(layers))]
    ours = outcome([binary, train, threads, os.path.join(folder, "labels.npy"), *files], environment)
    theirs = outcome([sys.executable, __file__, "peer", folder, train], environment)
    print(f"Strata, {layers} layers: {ours['seconds']:.1f} s ({ours['cpuSeconds']:.1f} CPU s), penalties {ours['penalties']}")
    print(f"scikit-learn, one layer: {theirs['seconds']:.1f} s ({theirs['cpuSeconds']:.1f} CPU s), penalty {theirs['penalty']}")
    print(f"one layer's path over all layers' probes: {theirs['seconds'] / ours['seconds']:.2f}x "
          f"({theirs['cpuSeconds'] / ours['cpuSeconds']:.2f}x of CPU time)", flush=True)


if __name__ == "__main__":
    action, *rest = sys.argv[1:]
    {"data": lambda: data(rest[0], *map(int, rest[1:])), "peer": lambda: peer(*rest), "compare": lambda: compare(*rest)}[action]()
