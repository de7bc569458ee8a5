#!/usr/bin/env python3
"""Makes Tests/FoundationsTests/Resources/random-effects.json: random-effects means by statsmodels.

    python -m venv env && env/bin/pip install statsmodels==0.15.0 && env/bin/python scripts/random-effects-fixtures.py

Paule and Mandel's variance between studies (combine_effects, method_re="iterated"), Hartung and Knapp's standard error
(scale_hksj_re times the variance of the weighted mean), and I².
"""

import json
from pathlib import Path

import numpy
import statsmodels
from statsmodels.stats.meta_analysis import combine_effects

cases = [
    ([0.81, 0.78, 0.86, 0.74, 0.80], [0.0004, 0.0009, 0.0002, 0.0016, 0.0005]),
    ([0.50, 0.51, 0.49], [0.01, 0.02, 0.015]),
    ([0.1, 0.6], [0.01, 0.02]),
    ([1.2, -0.4, 0.3, 2.2, 0.9, -1.1], [0.1, 0.3, 0.05, 0.2, 0.4, 0.15]),
]
results = []
for values, variances in cases:
    found = combine_effects(numpy.array(values), numpy.array(variances), method_re="iterated", atol=1e-12, maxiter=1000)
    degrees = len(values) - 1
    weights = 1 / (numpy.array(variances) + found.tau2)
    squares = float((weights * (numpy.array(values) - found.mean_effect_re) ** 2).sum()) / degrees
    results.append(
        {
            "values": values,
            "variances": variances,
            "mean": float(found.mean_effect_re),
            "tau2": float(found.tau2),
            "standardError": float(found.sd_eff_w_re_hksj),
            "inconsistency": max(0.0, float(found.i2)),
            "squares": squares,
        }
    )
path = Path(__file__).parent.parent / "Tests/FoundationsTests/Resources/random-effects.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps({"statsmodels": statsmodels.__version__, "cases": results}, indent=1) + "\n")
