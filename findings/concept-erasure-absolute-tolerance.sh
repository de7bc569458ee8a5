#!/usr/bin/env bash
# concept-erasure 0.2.4 (torch 2.13.0): LeaceEraser leaves a concept as it is where the concept's numbers are small. A
# direction counts where its singular value, in the unit of the labels, exceeds svd_tol = 0.01, and is not set against the
# largest one. One would have guessed that the unit of the labels does not decide what is erased, since the closed form
# does not know it: of durations in seconds nothing is erased, of the same durations in milliseconds everything. Who
# erases durations, energies or probabilities from states of a speech model and finds them still there meets it.
set -euo pipefail
command -v python3 >/dev/null || { echo "python3 is missing: install Debian's python3 (3.11 or newer)"; exit 2; }
python3 -c 'import venv, ensurepip' || { echo "venv is missing: install Debian's python3-venv"; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export PIP_DISABLE_PIP_VERSION_CHECK=1; python3 -m venv v
v/bin/pip install -q --no-compile torch==2.13.0 concept-erasure==0.2.4 numpy==2.4.6
cat > see.py <<'PY'
import torch
from concept_erasure import LeaceEraser

generator = torch.Generator().manual_seed(0)


def noise(columns):
    return torch.randn(2000, columns, generator=generator, dtype=torch.float64)


seconds = 0.08 + 0.03 * noise(1)
states = torch.cat([seconds / 0.09 + noise(1), noise(3)], 1)


def explained(x, z):
    x, z = x - x.mean(0), z - z.mean(0)
    return abs(float(1 - ((z - x @ torch.linalg.lstsq(x, z).solution) ** 2).sum() / (z**2).sum()))


print(f"durations explained by the states: {explained(states, seconds):.2f}")
for unit, scale in [("seconds", 1), ("milliseconds", 1000)]:
    erased = LeaceEraser.fit(states, scale * seconds)(states)
    print(f"erased in {unit}, explained: {explained(erased, seconds):.2f}, states changed: {not torch.equal(erased, states)}")
PY
v/bin/python -W ignore see.py 2> errors | tee seen || { tail -3 errors; exit 1; }
diff seen - <<'END'
durations explained by the states: 0.10
erased in seconds, explained: 0.10, states changed: False
erased in milliseconds, explained: 0.00, states changed: True
END
