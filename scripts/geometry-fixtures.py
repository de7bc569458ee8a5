#!/usr/bin/env python3
"""Makes Tests/SimilarityTests/Resources/geometry.json: curvature, spectral entropy and change of states by NumPy and SciPy,
double precision, by other routes than ours (explicit angles, scipy.stats.entropy of an SVD, standardised arrays).

    python -m venv env && env/bin/pip install numpy==2.4.6 scipy==1.17.1 && env/bin/python scripts/geometry-fixtures.py
"""

import json
from pathlib import Path

import numpy
import scipy.stats

generator = numpy.random.default_rng(20240311)
frames, width = 40, 6
walk = numpy.round(numpy.cumsum(generator.normal(size=(frames, width)), 0) * [1, 3, 0.2, 10, 1, 1] + 5, 3)
changed = numpy.round(walk + generator.normal(size=walk.shape) * [1, 1, 0.5, 4, 0.1, 2], 3)


def curvature(x):
    steps = numpy.diff(x, axis=0)
    units = steps / numpy.linalg.norm(steps, axis=1, keepdims=True)
    # The angle of two unit vectors by Kahan's formula, which needs no arc cosine.
    angles = 2 * numpy.arctan2(
        numpy.linalg.norm(units[1:] - units[:-1], axis=1), numpy.linalg.norm(units[1:] + units[:-1], axis=1)
    )
    return float(numpy.degrees(angles).mean())


def entropy(x):
    singular = numpy.linalg.svd(x - x.mean(0), compute_uv=False)
    return float(scipy.stats.entropy(singular**2) / numpy.log(min(len(x) - 1, x.shape[1])))


def change(x, y):
    mean, deviation = x.mean(0), x.std(0)
    a, b = (x - mean) / deviation, (y - mean) / deviation
    return float(((b - a) ** 2).sum() / ((a**2).sum() + (b**2).sum()))


path = Path(__file__).parent.parent / "Tests/SimilarityTests/Resources/geometry.json"
path.write_text(
    json.dumps(
        {
            "numpy": numpy.__version__,
            "states": walk.tolist(),
            "changed": changed.tolist(),
            "curvature": curvature(walk),
            "entropy": entropy(walk),
            "wideEntropy": entropy(walk[:5]),
            "change": change(walk, changed),
        }
    )
    + "\n"
)
