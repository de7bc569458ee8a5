"""Makes Tests/FineTuningTests/Resources/noise.safetensors and noise.json: gradients of a model that is being trained with
dropout, layer drop and masked frames and channels, as PyTorch has them for the very values that Strata draws.

`python3 scripts/finetune-noise-fixtures.py` (torch, transformers, safetensors, soundfile, numpy; versions are written into
noise.json). The draws are made here once more, from the generators' papers (SplitMix64, xoshiro256**, Lemire's bounded
integers). Computed in float64 and rounded to float32. Of large tensors every fifth value is kept.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy
import soundfile
import torch
from safetensors.torch import save_file
from transformers import AutoFeatureExtractor, AutoModel

root = Path(__file__).parent.parent
models = root / "Tests" / "ModelsTests" / "Resources"
here = root / "Tests" / "FineTuningTests" / "Resources"
WORD = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def finish(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


class Xoshiro:
    def __init__(self, seed):
        self.state = [finish((seed + (k + 1) * GOLDEN) & WORD) for k in range(4)]

    def next(self):
        rotate = lambda x, k: ((x << k) | (x >> (64 - k))) & WORD
        s = self.state
        result = (rotate((s[1] * 5) & WORD, 7) * 9) & WORD
        shifted = (s[1] << 17) & WORD
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotate(s[3], 45)
        return result

    def uniform(self):
        return (self.next() >> 11) * 2.0**-53

    def below(self, bound):
        product = self.next() * bound
        if product & WORD < bound:
            uneven = ((1 << 64) - bound) % bound
            while product & WORD < uneven:
                product = self.next() * bound
        return product >> 64

    def permutation(self, count):
        order = list(range(count))
        for place in range(count - 1):
            other = place + self.below(count - place)
            order[place], order[other] = order[other], order[place]
        return order


def place_seed(seed, place):
    name = 0xCBF29CE484222325
    for byte in place.encode():
        name = ((name ^ byte) * 0x100000001B3) & WORD
    return finish(seed ^ name)


def masked(share, length, count, seed):
    if share == 0 or length > count:
        return []
    random = Xoshiro(seed)
    spans = min(int(share * count / length + random.uniform()), count // length)
    starts = random.permutation(count - length + 1)[:spans]
    return sorted({place for start in starts for place in range(start, start + length)})


class Dropped(torch.nn.Module):
    """Dropout of the values that Strata drops at a place."""

    def __init__(self, place, probability, seed):
        super().__init__()
        self.seed, self.probability = place_seed(seed, place), probability

    def forward(self, x):
        drawn = [finish((self.seed + (k + 1) * GOLDEN) & WORD) >> 40 for k in range(x.numel())]
        kept = torch.tensor(numpy.array(drawn) >= int(self.probability * 2**24)).reshape(x.shape)
        return x * kept / (1 - self.probability)


def thinned(tensor):
    flat = tensor.detach().reshape(-1)
    return (flat[::5] if flat.numel() > 200 else flat).float().clone().contiguous()


cases = [
    dict(name="dropout", model="wav2vec2_base", seed=3, dropout=0.1),
    dict(name="everything", model="wav2vec2_large", seed=11, dropout=0.2, layer_drop=0.3, frames=(0.5, 4), channels=(0.2, 3)),
    dict(name="masks", model="hubert_base", seed=5, frames=(0.4, 5), channels=(0.3, 2)),
    dict(name="layers", model="wavlm_base", seed=1, dropout=0.05, layer_drop=0.4),
]
kept, facts = {}, []
TARGET = [1, 2, 3, 3, 4]
for case in cases:
    seed, p, folder = case["seed"], case.get("dropout", 0.0), models / case["model"]
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").double().eval()
    wave, rate = soundfile.read(folder / "input.wav", dtype="float32")
    values = AutoFeatureExtractor.from_pretrained(folder)(wave, sampling_rate=rate, return_tensors="pt").input_values.double()
    if p:
        model.feature_projection.dropout = Dropped("projection", p, seed)
        model.encoder.dropout = Dropped("hidden.0", p, seed)
    skipped = []
    for number, layer in enumerate(model.encoder.layers, 1):
        place = f"block.{number}"
        if p:
            layer.dropout = Dropped(f"{place}.attention", p, seed)
            layer.feed_forward.intermediate_dropout = Dropped(f"{place}.feed_forward.inner", p, seed)
            layer.feed_forward.output_dropout = Dropped(f"{place}.feed_forward", p, seed)
        if Xoshiro(place_seed(seed, place)).uniform() < case.get("layer_drop", 0.0):
            skipped.append(number)

            def identity(hidden, *rest, own=layer.forward, **more):
                out = own(hidden, *rest, **more)
                return (hidden, *out[1:]) if isinstance(out, tuple) else hidden

            layer.forward = identity
    vector = torch.linspace(-1, 1, model.config.hidden_size, dtype=torch.float64).requires_grad_()
    places = {}

    def mask(hidden, *rest, **more):
        frames, width = hidden.shape[1:]
        places["frames"] = masked(*case.get("frames", (0, 1)), frames, place_seed(seed, "masked frames"))
        places["channels"] = masked(*case.get("channels", (0, 1)), width, place_seed(seed, "masked channels"))
        hidden = hidden.clone()
        if places["frames"]:
            hidden[:, places["frames"]] = vector
        if places["channels"]:
            hidden[:, :, places["channels"]] = 0
        return hidden

    model._mask_hidden_states = mask
    states = model(values).last_hidden_state
    if p:
        states = Dropped("head", p, seed)(states)
    torch.manual_seed(7)
    head = torch.nn.Linear(model.config.hidden_size, 9).double()
    with torch.no_grad():
        head.weight.copy_(0.05 * torch.randn(9, model.config.hidden_size))
        head.bias.zero_()
    logits = head(states)[0]
    loss = torch.nn.functional.ctc_loss(
        logits.log_softmax(-1)[:, None], torch.tensor([TARGET]), [len(logits)], [len(TARGET)], reduction="sum") / len(TARGET)
    loss.backward()
    name = case["name"]
    kept[f"{name}.head"] = head.weight.detach().float().contiguous()
    named = [(k, q) for k, q in model.named_parameters() if k != "masked_spec_embed"]
    named += [("lm_head.weight", head.weight), ("lm_head.bias", head.bias), ("masked_spec_embed", vector)]
    for key, parameter in named:
        if parameter.grad is not None and parameter.grad.abs().max() > 0:
            kept[f"{name}.gradient.{key}"] = thinned(parameter.grad)
    facts.append(case | {"loss": loss.item(), "skipped": skipped, **places})
    print(facts[-1])
save_file(kept, here / "noise.safetensors")
(here / "noise.json").write_text(json.dumps(
    {"cases": facts, "versions": {n: version(n) for n in ["torch", "transformers", "numpy"]}}, indent=1) + "\n")
