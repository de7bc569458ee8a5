#!/usr/bin/env python3
"""Makes Tests/ProbingTests/Resources/banded.json: banded ridge by himalaya 0.4.11 (PyPI), double precision.

    python -m venv env && env/bin/pip install himalaya==0.4.11 && env/bin/python scripts/banded-ridge-fixtures.py

Blocks are scaled as ours are (columns of numbers standardised on training rows, each block to a variance of 1), so that
a penalty is himalaya's alpha / gamma over the number of training rows.
"""

import json
import warnings
from pathlib import Path

import himalaya
import numpy
from himalaya.ridge import solve_group_ridge_random_search
from himalaya.scoring import r2_score, r2_score_split

# Outputs are centred on the training mean, as everywhere, and r2_score_split warns of that.
warnings.simplefilter("ignore")
generator = numpy.random.default_rng(20221118)
train, test, outputs = 90, 60, 5
count = train + test

numbers = generator.normal(size=(count, 6)) * [1, 3, 0.2, 10, 1, 1] + [0, 5, 0, -3, 1, 0]
numbers[:, 5] = numbers[:, 0] * 0.9 + 0.1 * numbers[:, 5]
labels = generator.integers(0, 8, count)
onehot = numpy.eye(8)[labels]
wide = generator.normal(size=(count, 120))
blocks = [numpy.round(block, 4) for block in (numbers, onehot, wide)]
categorical = [False, True, False]
weights = [generator.normal(size=(block.shape[1], outputs)) for block in blocks]
y = sum(block / block.std() @ w for block, w in zip(blocks, weights))
y = numpy.round(y + 3 * generator.normal(size=y.shape), 4)


def scaled(block, is_categorical):
    block = block - block[:train].mean(0)
    deviation = block[:train].std(0)
    block = block if is_categorical else block / deviation
    return block / numpy.sqrt((block[:train] ** 2).sum() / train)


xs = [scaled(block, c) for block, c in zip(blocks, categorical)]
centred = y - y[:train].mean(0)
gammas = numpy.array([[0.6, 0.3, 0.1]])
cases = []
for alpha in (0.9, 9.0, 90.0):
    deltas, refit, scores = solve_group_ridge_random_search(
        [x[:train] for x in xs], centred[:train], n_iter=gammas, alphas=numpy.array([alpha]), cv=3,
        return_weights=True, progress_bar=False, warn=False, random_state=0)
    assert numpy.allclose(numpy.exp(deltas), (gammas / alpha).T)
    edges = numpy.cumsum([0] + [x.shape[1] for x in xs])
    parts = numpy.stack([x[train:] @ refit[a:b] for x, a, b in zip(xs, edges, edges[1:])])
    prediction = parts.sum(0)
    cases.append({
        "penalties": [float(alpha / gamma / train) for gamma in gammas[0]],
        "predictions": prediction.tolist(),
        "r2": [float(v) for v in r2_score(centred[train:], prediction)],
        "split": r2_score_split(centred[train:], parts).tolist(),
    })

out = Path(__file__).parent.parent / "Tests/ProbingTests/Resources/banded.json"
out.write_text(json.dumps({
    "himalaya": himalaya.__version__, "numpy": numpy.__version__, "train": train,
    "blocks": [block.tolist() for block in blocks], "categorical": categorical, "outputs": y.tolist(),
    "cases": cases,
}))
print(cases[1]["r2"], numpy.array(cases[1]["split"]).sum(0), cases[1]["penalties"])
