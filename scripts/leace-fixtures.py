#!/usr/bin/env python3
"""Makes Tests/InterventionsTests/Resources/leace.json: erasures by concept-erasure 0.2.4 (PyPI), double precision.

    python -m venv env && env/bin/pip install concept-erasure==0.2.4 && env/bin/python scripts/leace-fixtures.py

Shrinkage and the bound on the trace are off, and the tolerance on singular values is small, so that what is computed is
the closed form of Belrose et al. (2023).
"""

import json
from pathlib import Path

import numpy
import torch
from concept_erasure import LeaceFitter

generator = numpy.random.default_rng(20230606)


def case(name, x, labels):
    x = torch.tensor(x, dtype=torch.float64)
    z = torch.nn.functional.one_hot(torch.tensor(labels)).to(torch.float64)
    fitter = LeaceFitter.fit(x, z, shrinkage=False, constrain_cov_trace=False, svd_tol=1e-8)
    eraser = fitter.eraser
    return {
        "name": name,
        "states": x.tolist(),
        "labels": [int(label) for label in labels],
        "projection": eraser.P.tolist(),
        "erased": eraser(x).tolist(),
    }


def states(count, width, classes, mean=0.0):
    labels = generator.integers(0, classes, count)
    centres = generator.normal(size=(classes, width))
    mixing = generator.normal(size=(width, width))
    x = centres[labels] + generator.normal(size=(count, width)) @ mixing + mean
    return numpy.round(x, 4), labels


cases = [
    case("two classes", *states(40, 5, 2)),
    case("four classes in correlated dimensions", *states(60, 6, 4)),
    case("a mean far from zero", *states(50, 4, 3, mean=250.0)),
]
x, labels = states(50, 4, 3)
cases.append(case("a dimension that is the sum of two others", numpy.c_[x, x[:, 0] + x[:, 1]], labels))
x, labels = states(60, 4, 3)
cases.append(case("dimensions of other units", x * numpy.array([1e-3, 1.0, 1e3, 1.0]), labels))

folder = Path(__file__).resolve().parent.parent / "Tests/InterventionsTests/Resources"
folder.mkdir(parents=True, exist_ok=True)
(folder / "leace.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
