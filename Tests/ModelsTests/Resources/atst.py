"""Makes atst/: `python3 atst.py` (torch, transformers 5.24.0, safetensors, soundfile), run here.

A tiny ATST-Frame with fixed random weights under the names of its authors' training files (github.com/Audio-WestlakeU/
audiossl), and what this definition, written for this repository after the paper (Li 2023, arXiv 2306.04186), makes of
a sound in float64: hidden states (`0` … `N`), attention weights (`attn.i`) and `last_hidden_state`, rounded to float32.
The log-mel is made of torch's transform and transformers' mel filters, in float64.
"""

import shutil
from pathlib import Path

import numpy
import soundfile
import torch
from safetensors.torch import save_file
from torch.nn.functional import gelu, layer_norm, linear
from transformers.audio_utils import mel_filter_bank

width, heads, layers, places = 32, 4, 2, 25
here = Path(__file__).parent
folder = here / "atst"
generator = torch.Generator().manual_seed(5)


def drawn(*shape, around=0.0, scale=None):
    scale = scale or 1.5 / shape[-1] ** 0.5
    return around + scale * torch.randn(*shape, generator=generator)


def encoder():
    weights = {
        "mask_embed": drawn(1, 1, width),
        "pos_embed": drawn(1, places + 1, width, scale=0.3),
        "patch_embed.patch_embed.weight": drawn(width, 64 * 4),
        "patch_embed.patch_embed.bias": drawn(width, scale=0.2),
        "norm_frame.weight": drawn(width, around=1.0, scale=0.2),
        "norm_frame.bias": drawn(width, scale=0.2),
    }
    for layer in range(layers):
        name = f"blocks.{layer}."
        for norm in ("norm1", "norm2"):
            weights[name + norm + ".weight"] = drawn(width, around=1.0, scale=0.2)
            weights[name + norm + ".bias"] = drawn(width, scale=0.2)
        weights[name + "attn.qkv.weight"] = drawn(3 * width, width)
        for part, outputs, inputs in [("attn.proj", width, width), ("mlp.fc1", 64, width), ("mlp.fc2", width, 64)]:
            weights[name + part + ".weight"] = drawn(outputs, inputs)
            weights[name + part + ".bias"] = drawn(outputs, scale=0.2)
    return weights


def hidden_states(mel, weights):
    """`mel` [64, frames] and the encoder's weights, in float64."""
    w = weights
    count = min(places, mel.shape[1] // 4)
    patches = mel[:, : 4 * count].reshape(64, count, 4).permute(1, 0, 2).reshape(count, 256)
    x = linear(patches, w["patch_embed.patch_embed.weight"], w["patch_embed.patch_embed.bias"])
    x = x + w["pos_embed"][0, 1 : count + 1]
    kept = {"0": x}
    for layer in range(layers):
        name = f"blocks.{layer}."
        y = layer_norm(x, (width,), w[name + "norm1.weight"], w[name + "norm1.bias"], 1e-6)
        q, k, v = linear(y, w[name + "attn.qkv.weight"]).reshape(count, 3, heads, -1).permute(1, 2, 0, 3)
        scores = (q @ k.transpose(1, 2) / (width / heads) ** 0.5).softmax(-1)
        kept[f"attn.{layer}"] = scores
        y = (scores @ v).permute(1, 0, 2).reshape(count, width)
        x = x + linear(y, w[name + "attn.proj.weight"], w[name + "attn.proj.bias"])
        y = layer_norm(x, (width,), w[name + "norm2.weight"], w[name + "norm2.bias"], 1e-6)
        y = gelu(linear(y, w[name + "mlp.fc1.weight"], w[name + "mlp.fc1.bias"]))
        x = x + linear(y, w[name + "mlp.fc2.weight"], w[name + "mlp.fc2.bias"])
        kept[str(layer + 1)] = x
    kept["last_hidden_state"] = layer_norm(x, (width,), w["norm_frame.weight"], w["norm_frame.bias"], 1e-6)
    return kept


def main():
    folder.mkdir(exist_ok=True)
    teacher, student = encoder(), encoder()
    state = {"model.teacher.encoder." + name: value for name, value in teacher.items()}
    state |= {"model.student.encoder." + name: value for name, value in student.items()}
    state |= {"model.student.projector.0.weight": drawn(8, width)}
    torch.save({"state_dict": state, "epoch": 3, "hyper_parameters": {"arch": "base", "patch_h": 64, "patch_w": 4}},
               folder / "model.ckpt")

    shutil.copyfile(here / "conformer_rope" / "input.wav", folder / "input.wav")
    wave = torch.from_numpy(soundfile.read(folder / "input.wav", dtype="float32")[0]).double()
    spectrum = torch.stft(
        wave, 1024, hop_length=160, window=torch.hann_window(1024, dtype=torch.float64), pad_mode="reflect",
        return_complex=True)
    filters = torch.from_numpy(mel_filter_bank(513, 64, 60.0, 7800.0, 16000, norm=None, mel_scale="htk")).double()
    decibels = 10 * torch.log10((filters.T @ spectrum.abs() ** 2).clamp(min=1e-10))
    decibels = torch.maximum(decibels, decibels.max() - 80)
    mel = (decibels + 79.6482) / (50.6842 + 79.6482) * 2 - 1  # [64, frames]
    numpy.save(folder / "input_features.npy", mel.T.contiguous().float().numpy())

    kept = hidden_states(mel, {name: value.double() for name, value in teacher.items()})
    save_file({key: value.float().contiguous() for key, value in kept.items()}, folder / "hidden_states.safetensors")


if __name__ == "__main__":
    main()
