"""Logistic regression in scikit-learn, and the comparison of Strata's softmax probe with it.

    probe_peer.py data FOLDER ROWS WIDTH CLASSES           makes states.npy and labels.npy
    probe_peer.py peer PRECISION FOLDER PENALTY TOLERANCE  times one fit, prints seconds and weights as JSON
    probe_peer.py compare BINARY PRECISION FOLDER PENALTY TOLERANCE OURS THREADS ROUNDS
                                                           runs both in turn and prints times, ratios, losses

Both minimise Σ −log p(y) + PENALTY/2·‖W‖² over standardised features (scikit-learn's C is 1/PENALTY). Both are
given features as they are: Strata standardises inside its clock, scikit-learn gets them standardised before it.
scikit-learn ends where the largest entry of the mean loss's gradient is TOLERANCE; Strata where the gradient's
Euclidean norm, over all classes and features, is OURS times the rows. The two do not compare; the losses that
they lead to do, evaluated here in double precision.
"""
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np


def make(folder, rows, width, classes):
    """Gaussian classes in features whose spectrum decays as those of a trained layer do."""
    random = np.random.default_rng(0)
    scales = (1 / np.sqrt(np.arange(1, width + 1))).astype(np.float32)
    turned = np.linalg.qr(random.standard_normal((width, width)))[0].astype(np.float32)
    shares = 1 / np.arange(1, classes + 1)
    labels = random.choice(classes, rows, p=shares / shares.sum()).astype(np.int32)
    means = 0.08 * random.standard_normal((classes, width), dtype=np.float32)
    states = ((random.standard_normal((rows, width), dtype=np.float32) + means[labels]) * scales) @ turned
    np.save(os.path.join(folder, "states.npy"), states + np.float32(0.3))
    np.save(os.path.join(folder, "labels.npy"), labels)


def load(folder):
    return np.load(os.path.join(folder, "states.npy")), np.load(os.path.join(folder, "labels.npy"))


def standardised(x):
    x = x.astype(np.float64)
    return (x - x.mean(0)) / x.std(0)


def peer(precision, folder, penalty, tolerance):
    from sklearn.linear_model import LogisticRegression

    x, y = load(folder)
    z = standardised(x).astype({"32": np.float32, "64": np.float64}[precision])
    model = LogisticRegression(C=1 / float(penalty), tol=float(tolerance), max_iter=20000)
    start, start_cpu = time.perf_counter(), time.process_time()
    model.fit(z, y)
    outcome = {"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - start_cpu,
               "iterations": int(model.n_iter_[0])}
    deviations = x.astype(np.float64).std(0)
    coefficients = model.coef_ / deviations
    outcome["coefficients"] = coefficients.ravel().tolist()
    outcome["intercepts"] = (model.intercept_ - coefficients @ x.astype(np.float64).mean(0)).tolist()
    json.dump(outcome, sys.stdout)


def objective(outcome, folder, penalty):
    x, y = load(folder)
    x = x.astype(np.float64)
    intercepts = np.array(outcome["intercepts"])
    coefficients = np.array(outcome["coefficients"]).reshape(len(intercepts), -1)
    logits = x @ coefficients.T + intercepts
    logits -= logits.max(1, keepdims=True)
    loss = np.sum(np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y])
    return loss + float(penalty) / 2 * np.sum((coefficients * x.std(0)) ** 2)


def compare(binary, precision, folder, penalty, tolerance, own_tolerance, threads, rounds):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads)
    files = [os.path.join(folder, "states.npy"), os.path.join(folder, "labels.npy")]
    ours, theirs = [], []
    for _ in range(int(rounds)):
        ours.append(outcome([binary, penalty, own_tolerance, threads, *files], environment))
        theirs.append(outcome([sys.executable, __file__, "peer", precision, folder, penalty, tolerance],
                              environment))
    line = f"penalty {penalty} float{precision} threads {threads}"
    for clock, unit in (("seconds", "s"), ("cpuSeconds", "CPU s")):
        own, other = (statistics.median(o[clock] for o in side) for side in (ours, theirs))
        ratios = [b[clock] / a[clock] for a, b in zip(ours, theirs)]
        line += (f"  Strata {own:6.2f} scikit-learn {other:7.2f} {unit} "
                 f"{other / own:.1f}x ({min(ratios):.1f} … {max(ratios):.1f})")
    losses = [objective(side[0], folder, penalty) for side in (ours, theirs)]
    line += (f"  iterations {ours[0]['iterations']} {theirs[0]['iterations']}"
             f"  loss {losses[0]:.6f} {losses[1]:.6f}")
    print(line, flush=True)


def outcome(command, environment):
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)


if __name__ == "__main__":
    action, *rest = sys.argv[1:]
    if action == "data":
        make(rest[0], *map(int, rest[1:]))
    elif action == "peer":
        peer(*rest)
    else:
        compare(*rest)
