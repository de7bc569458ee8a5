"""Writes the files beside this one: one store of activations in every form that is read, with the same values.

numpy, torch, safetensors, h5py and kaldiio write them; `expected.json` holds what kaldiio reads back from its own
compressed matrices.
"""
import json
import pathlib
import h5py
import kaldiio
import numpy as np
import torch
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent
ids, layers, widths = ["s1/u1", "s1/u2", "s2/u3"], ["hidden.0", "hidden.1"], [3, 4]
frames = {"s1/u1": 25, "s1/u2": 31, "s2/u3": 37}


def values(utterance, layer):
    rng = np.random.default_rng([ids.index(utterance), layers.index(layer)])
    # Eighths are exact in every type.
    return (rng.integers(-40, 40, (frames[utterance], widths[layers.index(layer)])) / 8).astype("f4")


everything = {f"{u}/{l}": values(u, l) for u in ids for l in layers}
save_file(everything, here / "both.safetensors")
np.savez(here / "both.npz", **everything)
torch.save({u: {l: torch.from_numpy(values(u, l)) for l in layers} for u in ids}, here / "nested.pt")
with h5py.File(here / "both.h5", "w") as file:
    for key, array in everything.items():
        file.create_dataset(key, data=array.astype("f8"))
for u in ids:  # a file an utterance
    (here / "utterances" / u).parent.mkdir(parents=True, exist_ok=True)
    np.savez(here / "utterances" / f"{u}.npz", **{l: values(u, l).astype("f2") for l in layers})
for l in layers:  # a file a layer, and a file an array
    (here / "layers").mkdir(exist_ok=True)
    torch.save({u: torch.from_numpy(values(u, l))[None] for u in ids}, here / "layers" / f"{l}.pt")
    for u in ids:
        path = here / "arrays" / l / f"{u.split('/')[1]}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, values(u, l))
names = {u: u.split("/")[1] for u in ids}  # Kaldi's keys have no slashes
for folder, options in [("kaldi", {}), ("kaldi-text", {"text": True})]:
    (here / folder).mkdir(exist_ok=True)
    for l in layers:
        kaldiio.save_ark(str(here / folder / f"{l}.ark"), {names[u]: values(u, l) for u in ids}, **options)
(here / "kaldi-scp").mkdir(exist_ok=True)
for l in layers:
    arrays = {names[u]: values(u, l).astype("f8") for u in ids}
    kaldiio.save_ark(str(here / "kaldi-scp" / f"{l}.ark"), arrays, scp=str(here / "kaldi-scp" / f"{l}.scp"))
    script = here / "kaldi-scp" / f"{l}.scp"
    script.write_text(script.read_text().replace(str(here / "kaldi-scp") + "/", ""))
expected = {}
for method in range(1, 8):
    path = str(here / f"compressed.{method}.ark")
    rng = np.random.default_rng(method)
    arrays = {"u1": rng.normal(size=(12, 3)).astype("f4"), "u2": rng.integers(0, 200, (9, 2)).astype("f4")}
    kaldiio.save_ark(path, arrays, compression_method=method)
    expected[str(method)] = {k: np.asarray(m, "f8").tolist() for k, m in kaldiio.load_ark(path)}
(here / "expected.json").write_text(json.dumps(expected))
