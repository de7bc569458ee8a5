"""Makes attention.safetensors: rollouts of attention of the tiny models of ../../ModelsTests/Resources.

`python3 attention.py` (torch, transformers 5.24.0, safetensors, soundfile); attention weights of transformers in float64,
multiplied here by dense matrices (Abnar & Zuidema 2020: half a residual, half the heads' mean), rounded to float32.

ast.rollout    [frequencies x columns]: from the mean of the two tokens in front
ast.attention  [frequencies x columns]: the last block's, of the same two, the mean over heads
ast.folded     [columns x columns]: the first head of the first block, the mean over a column's patches of what falls on
               all patches of another
whisper.rollout [frames]: from row 2 of the decoder, through its own attention, that to the sound, and the encoder's; of
               the frames that have sound only, rows brought to one
whisper.text   [1]: what of it stays with the tokens
All text and code here is ours.
"""

from pathlib import Path

import numpy
import soundfile
import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForAudioClassification, WhisperForConditionalGeneration

here = Path(__file__).parent
models = here.parent.parent / "ModelsTests" / "Resources"


def load(kind, name):
    config = AutoConfig.from_pretrained(models / name)
    config._attn_implementation = "eager"
    return config, kind.from_pretrained(models / name, config=config).double().eval()


def half(attention):
    attention = attention / attention.sum(-1, keepdim=True)
    return 0.5 * attention + 0.5 * torch.eye(len(attention), dtype=torch.float64)


kept = {}
config, model = load(AutoModelForAudioClassification, "ast")
values = torch.from_numpy(numpy.load(models / "ast" / "input_values.npy")).double().reshape(1, config.max_length, -1)
with torch.no_grad():
    attentions = [a[0] for a in model(values, output_attentions=True).attentions]
tokens = attentions[0].shape[-1]
rows = (config.num_mel_bins - config.patch_size) // config.frequency_stride + 1
state = torch.zeros(tokens, dtype=torch.float64)
state[:2] = 0.5
kept["ast.attention"] = (state @ attentions[-1].mean(0))[2:].reshape(rows, -1)
for attention in reversed(attentions):
    state = state @ half(attention.mean(0))
kept["ast.rollout"] = state[2:].reshape(rows, -1)
columns = (tokens - 2) // rows
head = attentions[0][0, 2:, 2:].reshape(rows, columns, rows, columns)
kept["ast.folded"] = head.sum(2).mean(0)

config, model = load(WhisperForConditionalGeneration, "whisper")
wave, _ = soundfile.read(models / "whisper" / "input.wav", dtype="float32")
values = torch.from_numpy(numpy.load(models / "whisper" / "input_features.npy")).double()
ids = torch.from_numpy(numpy.load(models / "whisper" / "decoder_input_ids.npy")).reshape(1, -1)
with torch.no_grad():
    result = model(
        values.reshape(1, config.num_mel_bins, -1), decoder_input_ids=ids, output_attentions=True)
frames, text = (len(wave) + 319) // 320, ids.shape[1]
nodes = frames + text
layers = [(slice(0, frames), slice(0, frames), a) for a in result.encoder_attentions]
for own, cross in zip(result.decoder_attentions, result.cross_attentions):
    layers.append((slice(frames, nodes), slice(frames, nodes), own))
    layers.append((slice(frames, nodes), slice(0, frames), cross))
state = torch.zeros(nodes, dtype=torch.float64)
state[frames + 2] = 1
for queries, keys, attention in reversed(layers):
    matrix = torch.eye(nodes, dtype=torch.float64)
    mean = attention[0].mean(0)[: queries.stop - queries.start, : keys.stop - keys.start]
    matrix[queries] *= 0.5
    matrix[queries, keys] += 0.5 * mean / mean.sum(-1, keepdim=True)
    state = state @ matrix
kept["whisper.rollout"] = state[:frames]
kept["whisper.text"] = state[frames:].sum(0, keepdim=True)
print({name: (tuple(value.shape), float(value.sum())) for name, value in kept.items()})
save_file({name: value.float().contiguous() for name, value in kept.items()}, here / "attention.safetensors")
