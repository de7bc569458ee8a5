#!/usr/bin/env python3
"""Makes Tests/InterventionsTests/Resources/mixing.json: context mixing of the trained fixture on 0.3 s of sound, by PyTorch
and transformers (tried with transformers 5.x), double precision.

    python -m venv env && env/bin/pip install torch transformers safetensors && env/bin/python scripts/mixing-fixtures.py

Value zeroing (Mohebbi et al. 2023): the values of one frame are zero in all heads of a layer, and the score of each frame is
the cosine distance of the layer's output from what it was, rows divided by their sums. Norms of weighted values (Kobayashi et
al. 2020): the norm of the sum over heads of attention times value times the head's part of the output projection.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

root = Path(__file__).resolve().parent.parent
saved = torch.load(root / "fixtures/w2v2-tiny-phones/model.ckpt", map_location="cpu", weights_only=False)
settings = saved["hyper_parameters"]
config = Wav2Vec2Config(**settings["config"])
config._attn_implementation = "eager"
model = Wav2Vec2ForCTC(config)
names = {k.removeprefix("model."): v for k, v in saved["state_dict"].items()}
missing, unexpected = model.load_state_dict(names, strict=False)
assert not unexpected and all("masked_spec_embed" in k for k in missing), (missing, unexpected)
model = model.double().eval()

samples = load_file(root / "fixtures/w2v2-tiny-phones/reference_austen_0880.safetensors")["input_values"]
samples = samples.flatten()[16000:20800].double()[None]
blocks = model.wav2vec2.encoder.layers


def outputs():
    with torch.no_grad():
        return model.wav2vec2(samples, output_hidden_states=True, output_attentions=True)


whole = outputs()
frames = whole.hidden_states[0].shape[1]
result = {"frames": frames, "layers": []}
for number in (2, 6):
    block = blocks[number - 1]
    value = block.attention.v_proj
    scores = torch.zeros(frames, frames, dtype=torch.float64)
    for frame in range(frames):
        def zero(_, __, output):
            output = output.clone()
            output[:, frame] = 0
            return output

        hook = value.register_forward_hook(zero)
        changed = outputs().hidden_states[number][0]
        hook.remove()
        likeness = torch.nn.functional.cosine_similarity(changed, whole.hidden_states[number][0], dim=1)
        scores[:, frame] = 1 - likeness
    scores = scores / scores.sum(dim=1, keepdim=True)
    with torch.no_grad():
        values = value(whole.hidden_states[number - 1])[0]
    heads = block.attention.num_heads
    size = values.shape[1] // heads
    weight = block.attention.out_proj.weight.detach()
    attention = whole.attentions[number - 1][0]
    summed = torch.zeros(frames, frames, values.shape[1], dtype=torch.float64)
    for head in range(heads):
        columns = slice(head * size, (head + 1) * size)
        moved = values[:, columns] @ weight[:, columns].T
        summed += attention[head][:, :, None] * moved[None]
    norms = summed.norm(dim=2)
    norms = norms / norms.sum(dim=1, keepdim=True)
    result["layers"].append(
        {"layer": number, "zeroing": scores.flatten().tolist(), "norms": norms.flatten().tolist()}
    )

path = root / "Tests/InterventionsTests/Resources/mixing.json"
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
print(frames, [min(layer["zeroing"]) for layer in result["layers"]])
