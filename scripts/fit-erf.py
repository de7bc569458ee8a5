"""Fits the coefficients of `rational_erf` in Sources/CKernels/kernels.c.

erf(x) = x·P(x²)/Q(x²) on |x| ≤ 4 with deg P = 6, deg Q = 4 and Q(0) = 1: the linearised least-squares problem
f·Q − P = 0, weighted by 1/Q of the round before (so that it is the true error that is minimised) and by the
errors seen so far (Lawson), which drives the fit towards equal ripples. Needs numpy and scipy.
"""

import numpy as np
from scipy.special import erf

LIMIT, P_DEGREE, Q_DEGREE = 4.0, 6, 4

x = LIMIT * np.cos(np.linspace(0, np.pi / 2, 8001))[:-1]
x = x[x > 1e-3]
t, ratio = x * x, erf(x) / x
weight, q_values, best = np.ones_like(x), np.ones_like(x), (np.inf, None, None)
for _ in range(600):
    columns = [t**i for i in range(P_DEGREE + 1)] + [-ratio * t**i for i in range(1, Q_DEGREE + 1)]
    scale = weight * x / q_values
    solution, *_ = np.linalg.lstsq(np.stack(columns, 1) * scale[:, None], ratio * scale, rcond=None)
    p, q = solution[: P_DEGREE + 1], np.concatenate([[1.0], solution[P_DEGREE + 1 :]])
    q_values = np.polyval(q[::-1], t)
    error = np.abs(x * np.polyval(p[::-1], t) / q_values - erf(x))
    if error.max() < best[0]:
        best = (error.max(), p, q)
    weight *= 0.5 + error / error.max()
    weight /= weight.mean()

worst, p, q = best
print(f"largest error in exact arithmetic: {worst:.2g}")
print("P:", ", ".join(f"{np.float32(c):.9g}f" for c in p))
print("Q:", ", ".join(f"{np.float32(c):.9g}f" for c in q))
