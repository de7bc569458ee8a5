#!/usr/bin/env python3
"""Compares `measures --items` with fastabx on the same features and the same item file, to four decimals.

    python3.12 -m venv env && env/bin/pip install fastabx==0.9.0 safetensors numpy && \\
      env/bin/python scripts/abx-item-check.py PROBE-LAYERS

Items are the phones of two voices of `fixtures/unseen`, features noise around a vector of each phone, every 10 ms. Of a phone in one
context by one voice the first ten are items, which is the limit of both sides: above it each draws its own.
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from fastabx import zerospeech_abx
from safetensors.torch import save_file

root = pathlib.Path(__file__).parent.parent
program = sys.argv[1]


def phones(path):
    """(start, end, label) of the tier phones of a TextGrid in long form."""
    spans, inside, lines = [], False, [line.strip() for line in path.read_text().splitlines()]
    for index, line in enumerate(lines):
        if line.startswith("name ="):
            inside = '"phones"' in line
        if inside and line.startswith("text ="):
            start, end = (float(lines[index - back].split("=")[1]) for back in (2, 1))
            spans.append((start, end, line[line.index('"') + 1 : -1]))
    return spans


with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    corpus = scratch / "corpus"
    generator, vectors, features = numpy.random.default_rng(5), {}, {}
    seen = collections.Counter()
    rows = ["#file onset offset #phone prev-phone next-phone speaker"]
    for voice in sorted(folder for folder in (root / "fixtures/unseen").iterdir() if folder.is_dir())[:2]:
        (corpus / voice.name).mkdir(parents=True)
        for path in sorted(voice.glob("*.TextGrid")):
            for file in (path, path.with_suffix(".flac")):
                (corpus / voice.name / file.name).symlink_to(file.resolve())
            spans = phones(path)
            states = 2 * generator.standard_normal((int(spans[-1][1] / 0.01), 16))
            for start, end, label in spans:
                vector = vectors.setdefault(label, generator.standard_normal(16))
                states[round(start / 0.01) : round(end / 0.01)] += vector
            features[f"{voice.name}/{path.stem}/hidden.0"] = torch.tensor(states, dtype=torch.float32)
            for before, own, after in zip(spans, spans[1:], spans[2:]):
                cell = (voice.name, before[2], own[2], after[2])
                seen[cell] += 1
                if all(cell) and seen[cell] <= 10:
                    rows.append(f"{path.stem} {own[0]:.4f} {own[1]:.4f} {own[2]} {before[2]} {after[2]} {voice.name}")
    layers = ["hidden.0"]
    activations = scratch / "activations.safetensors"
    save_file(features, activations)
    items = scratch / "all.item"
    items.write_text("\n".join(rows) + "\n")
    subprocess.run(
        [program, "measures", activations, "--hop", "10ms", "--corpus", corpus, "--items", items, "--quiet", "--output", scratch / "out"], check=True)
    ours = json.loads((scratch / "out/measures.json").read_text())["measures"]
    worst = 0
    for layer in layers:
        folder = scratch / layer
        folder.mkdir()
        for name, states in features.items():
            if name.endswith("/" + layer):
                torch.save(states, folder / (name.split("/")[-2] + ".pt"))
        for speaker in ("within", "across"):
            theirs = zerospeech_abx(items, folder, max_size_group=10, max_x_across=5, speaker=speaker, frequency=100,
                                    device="cpu", progress=False)
            own = next(m for m in ours if m["layer"]["name"] == layer and m["name"] == f"abx_{speaker}")
            value = own["estimate"]["value"]
            worst = max(worst, abs(theirs - value))
            print(f"{layer} {speaker}: {value:.6f}, fastabx {theirs:.6f}, {own['count']} triplets")
    print(f"largest difference {worst:.2e}")
    sys.exit(0 if worst < 1e-4 else 1)
