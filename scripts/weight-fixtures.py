#!/usr/bin/env python3
"""Makes Tests/InterventionsTests/Resources/weights.json: weights pruned and rounded by PyTorch (tried with 2.x, CPU).

    python -m venv env && env/bin/pip install torch && env/bin/python scripts/weight-fixtures.py

Pruned: torch.nn.utils.prune.l1_unstructured. Rounded: torch.fake_quantize_per_channel_affine over axis 0, zero points of 0,
steps of the largest magnitude of each row over 2^(bits - 1) - 1.
"""

import json
from pathlib import Path

import torch
from torch.nn.utils import prune

generator = torch.Generator().manual_seed(8)


def pruned(weight, share):
    module = torch.nn.Module()
    module.weight = torch.nn.Parameter(weight.clone())
    prune.l1_unstructured(module, "weight", share)
    return module.weight.detach()


def rounded(weight, bits):
    most = 2 ** (bits - 1) - 1
    rows = weight.reshape(weight.shape[0], -1)
    steps = rows.abs().amax(dim=1) / most
    zeros = torch.zeros(len(steps), dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, steps, zeros, 0, -most, most)


cases = []
for shape in [(5, 7), (4, 3, 5), (6, 6)]:
    weight = torch.randn(shape, generator=generator) * torch.logspace(-2, 1, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    case = {"shape": list(shape), "weight": weight.flatten().tolist(), "pruned": {}, "rounded": {}}
    for share in [0.1, 0.3, 0.5, 0.9]:
        case["pruned"][str(share)] = pruned(weight, share).flatten().tolist()
    for bits in [8, 4, 3]:
        case["rounded"][str(bits)] = rounded(weight, bits).flatten().tolist()
    cases.append(case)

folder = Path(__file__).resolve().parent.parent / "Tests/InterventionsTests/Resources"
result = {"torch": torch.__version__, "cases": cases}
(folder / "weights.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
