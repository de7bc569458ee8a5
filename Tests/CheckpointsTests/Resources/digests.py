"""Writes digests.json: what PyTorch and the safetensors library read from the reference files.

Run with torch, numpy and safetensors installed, beside a folder `reference` of checkpoints and a folder of the
models they were made from: python digests.py MODELS_FOLDER
Each tensor is given as [shape, CRC-32 of its values as little-endian float32 in row-major order].
"""
import argparse, json, os, sys, types, zlib
import numpy as np
import torch
from safetensors.torch import load_file

here = os.path.dirname(os.path.abspath(__file__))
reference = os.path.join(here, "reference")
models = sys.argv[1]

# A stand-in for the class that one file names and nobody has.
for name in ("acme_speech", "acme_speech.config"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["acme_speech.config"].ExperimentConfig = type(
    "ExperimentConfig", (), {"__module__": "acme_speech.config"})


def digest(tensor):
    values = tensor.detach().to(torch.float32).contiguous().numpy().astype("<f4")
    return [list(values.shape), zlib.crc32(values.tobytes())]


def flat(value, prefix=""):
    if isinstance(value, torch.Tensor):
        yield prefix, value
    elif isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from flat(item, f"{prefix}.{key}" if prefix else str(key))


files = {}
for name in sorted(os.listdir(reference)):
    path = os.path.join(reference, name)
    if name.endswith(".safetensors"):
        files[name] = {k: digest(v) for k, v in load_file(path).items()}
    elif name.endswith((".pt", ".ckpt", ".bin")):
        value = torch.load(path, weights_only=False)
        for key in ("state_dict", "model_state_dict", "model", "Upstream"):
            if isinstance(value.get(key), dict):
                value = value[key]
                break
        files[name] = {k: digest(v) for k, v in flat(value)}
originals = {
    name: {k: digest(v) for k, v in load_file(os.path.join(models, name, "model.safetensors")).items()}
    for name in ("wav2vec2_base", "hubert_base", "wavlm_base", "whisper")
}
whisper = load_file(os.path.join(models, "whisper", "model.safetensors"))
originals["whisper_fp16"] = {k: digest(v.half()) for k, v in whisper.items()}
with open(os.path.join(here, "digests.json"), "w") as out:
    json.dump({"files": files, "models": originals}, out, separators=(",", ":"), ensure_ascii=False)
