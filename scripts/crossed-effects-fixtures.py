#!/usr/bin/env python3
"""Makes Tests/ProbingTests/Resources/crossed-effects.json: linear mixed models with crossed effects by statsmodels.

    python -m venv env && env/bin/pip install statsmodels==0.15.0 pandas && env/bin/python scripts/crossed-effects-fixtures.py

MixedLM by REML, one group that holds everything and two variance components, which is how statsmodels has crossed effects. Values
are right (1) and wrong (0) as of a probe, more and fewer of them for a speaker and a type, and one case of real numbers in which
speakers do not differ. The mean's standard error is that of generalised least squares at these variances, (1'V^-1 1)^(-1/2), worked
out here: statsmodels' own is of the whole information matrix, a hundredth larger.
"""

import json
import warnings
from pathlib import Path

import numpy
import pandas
import statsmodels
from statsmodels.regression.mixed_linear_model import MixedLM

generator = numpy.random.default_rng(3)


def case(name, rows, speakers, types, of_speakers, of_types, binary):
    first = generator.integers(0, speakers, rows)
    second = numpy.minimum(generator.geometric(3 / types, rows) - 1, types - 1)
    value = 0.4 + of_speakers * generator.standard_normal(speakers)[first] + of_types * generator.standard_normal(types)[second]
    value = (generator.random(rows) < value).astype(float) if binary else value + 0.5 * generator.standard_normal(rows)
    value = value.round(6)
    data = pandas.DataFrame({"y": value, "first": first, "second": second, "all": 1})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MixedLM.from_formula(
            "y ~ 1", groups="all", vc_formula={"first": "0 + C(first)", "second": "0 + C(second)"}, data=data)
        # From several starts: its optimiser stops early near an edge.
        fits = [model.fit(reml=True, method=[method], maxiter=5000) for method in ("lbfgs", "powell", "nm")]
    found = max(fits, key=lambda fit: fit.llf)
    covariance = float(found.scale) * numpy.eye(rows)
    for levels, variance in zip((first, second), found.vcomp):
        covariance += float(variance) * (levels[:, None] == levels)
    error = numpy.linalg.solve(covariance, numpy.ones(rows)).sum() ** -0.5
    print(name, error, [f"{fit.llf:.6f}" for fit in fits], found.vcomp, found.scale, found.fe_params.iloc[0], found.bse_fe.iloc[0])
    return {
        "name": name, "values": value.tolist(), "first": first.tolist(), "second": second.tolist(),
        "mean": float(found.fe_params.iloc[0]), "standardError": float(error),
        "variances": [float(v) for v in found.vcomp] + [float(found.scale)], "logLikelihood": float(found.llf),
    }


cases = [
    case("few speakers", 240, 6, 30, 0.15, 0.2, True),
    case("many speakers", 300, 25, 18, 0.2, 0.1, True),
    case("no speakers", 200, 8, 20, 0.0, 0.6, False),
]
path = Path(__file__).parent.parent / "Tests/ProbingTests/Resources/crossed-effects.json"
path.write_text(json.dumps({"statsmodels": statsmodels.__version__, "cases": cases}) + "\n")
