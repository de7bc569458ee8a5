#!/usr/bin/env python3
"""Makes Tests/InterventionsTests/Resources/towers.json: what a changed layer does to the decoder of the tests' Whisper and to
the retrieval of the tests' CLAP, by PyTorch and transformers (tried with transformers 5.x), double precision.

    python -m venv env && env/bin/pip install torch transformers safetensors && env/bin/python scripts/tower-fixtures.py

The change takes one direction of every row x away, x - l (r . x - 0.1), with l_k = sin(k + 1) and r_k = cos(k + 1) / width.
Whisper: at the frames of the sound of the encoder's first block; -log P of each token of the text given those before it.
CLAP: at all tokens of the audio tower's first stage; its own loss (the mean of the cross-entropies of both directions) and
embeddings, texts by token numbers.
"""

import json
import wave
from pathlib import Path

import numpy
import torch
import transformers
from safetensors.torch import load_file
from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, WhisperConfig, WhisperForConditionalGeneration

root = Path(__file__).resolve().parent.parent
models = root / "Tests/ModelsTests/Resources"


def changed(x):
    k = torch.arange(x.shape[-1], dtype=x.dtype) + 1
    return x - torch.sin(k) * ((x * torch.cos(k) / len(k)).sum(-1, keepdim=True) - 0.1)


def sound_of(name):
    with wave.open(str(models / name / "input.wav")) as file:
        assert file.getsampwidth() == 2 and file.getnchannels() == 1
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype(numpy.float64) / 32768
        return samples, file.getframerate()


def load(kind, config, folders):
    model = kind(config)
    weights = {}
    for folder in folders:
        weights.update(load_file(models / folder / "model.safetensors"))
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and all("proj_out" in k or "position" in k or "relative" in k for k in missing), (
        missing, unexpected)
    if kind is WhisperForConditionalGeneration:
        model.tie_weights()
    return model.double().eval()


result = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}}

whisper = load(
    WhisperForConditionalGeneration, WhisperConfig.from_pretrained(models / "whisper", attn_implementation="eager"),
    ["whisper"])
features = torch.from_numpy(numpy.load(models / "whisper/input_features.npy")).double()
features = features if features.ndim == 3 else features[None]
tokens = [111, 112, 29, 0, 3, 1, 20, 7, 41, 5]
frames = -(-len(sound_of("whisper")[0]) // 320)


def tokens_loss(change):
    def hook(_, __, output):
        state = output[0] if isinstance(output, tuple) else output
        state = torch.cat([changed(state[:, :frames]), state[:, frames:]], 1)
        return (state, *output[1:]) if isinstance(output, tuple) else state

    handle = whisper.model.encoder.layers[0].register_forward_hook(hook) if change else None
    with torch.no_grad():
        logits = whisper(features, decoder_input_ids=torch.tensor([tokens])).logits[0]
    if handle:
        handle.remove()
    return -torch.log_softmax(logits, -1)[torch.arange(len(tokens) - 1), tokens[1:]]


result["whisper"] = {
    "tokens": tokens, "frames": frames, "losses": tokens_loss(False).tolist(), "changed": tokens_loss(True).tolist()}

# CLAP: one sound and three texts, of which the first is its own.
clap = load(ClapModel, ClapConfig.from_pretrained(models / "clap"), ["clap", "clap_text"])
samples, rate = sound_of("clap")
extractor = ClapFeatureExtractor.from_pretrained(models / "clap")
assert rate == extractor.sampling_rate
mel = torch.from_numpy(extractor(samples, sampling_rate=rate, return_tensors="np")["input_features"]).double()
texts = [[0, 17, 54, 33, 2], [0, 9, 12, 99, 150, 31, 2], [0, 77, 4, 2]]


def sound_embed(features, change):
    def hook(_, __, output):
        return (changed(output[0]), *output[1:]) if isinstance(output, tuple) else changed(output)

    handle = clap.audio_model.audio_encoder.layers[0].register_forward_hook(hook) if change else None
    with torch.no_grad():
        pooled = clap.audio_model(input_features=features, is_longer=None).pooler_output
        embed = clap.audio_projection(pooled)
    if handle:
        handle.remove()
    return torch.nn.functional.normalize(embed, dim=-1)


def text_embed(ids):
    with torch.no_grad():
        pooled = clap.text_model(input_ids=torch.tensor([ids])).pooler_output
        return torch.nn.functional.normalize(clap.text_projection(pooled), dim=-1)


text = torch.cat([text_embed(ids) for ids in texts])
first = mel[:1]
sound = sound_embed(first, False)
# Made up: other recordings' places.
k = torch.arange(sound.shape[-1], dtype=torch.double)
others = torch.nn.functional.normalize(torch.stack([torch.sin(k), torch.cos(2 * k)]), dim=-1)
to_text, to_sound = clap.logit_scale_a.exp().item(), clap.logit_scale_t.exp().item()


def retrieval_losses(own):
    sounds = torch.cat([own, others])
    with torch.no_grad():
        first = torch.log_softmax(to_text * own @ text.T, -1)[0, 0]
        second = torch.log_softmax(to_sound * text[:1] @ sounds.T, -1)[0, 0]
    return [-first.item(), -second.item()]


moved = sound_embed(first, True)
result["clap"] = {
    "texts": texts, "textEmbeds": text.tolist(), "sound": sound[0].tolist(), "changedSound": moved[0].tolist(),
    "others": others.tolist(), "scaleToTexts": to_text, "scaleToSounds": to_sound,
    "losses": retrieval_losses(sound), "changedLosses": retrieval_losses(moved)}

path = root / "Tests/InterventionsTests/Resources/towers.json"
path.write_text(json.dumps(result) + "\n")
print(json.dumps({k: v for k, v in result.items() if k != "clap"}, indent=1), result["clap"]["losses"],
      result["clap"]["changedLosses"], to_text, to_sound)
