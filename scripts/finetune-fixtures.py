"""Makes Tests/FineTuningTests/Resources: losses, gradients of parameters and ten steps of training as PyTorch has them.

`python3 scripts/finetune-fixtures.py` (torch, transformers, peft, jiwer, safetensors, soundfile; versions are written into
versions.json). Computed in float64 and rounded to float32, dropout off. The models are the tiny ones of
Tests/ModelsTests/Resources. Of large tensors every fifth value is kept. All text and code here is ours.
"""

import json
import random
from importlib.metadata import version
from pathlib import Path

import jiwer
import soundfile
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoFeatureExtractor, AutoModel, get_cosine_schedule_with_warmup

root = Path(__file__).parent.parent
models = root / "Tests" / "ModelsTests" / "Resources"
here = root / "Tests" / "FineTuningTests" / "Resources"
here.mkdir(parents=True, exist_ok=True)
SKIP = 5


def thinned(tensor):
    flat = tensor.detach().reshape(-1)
    return (flat[::SKIP] if flat.numel() > 200 else flat).float().clone().contiguous()


# MARK: Losses

torch.manual_seed(1)
kept, cases = {}, []
for number, (frames, classes, target) in enumerate(
    [(12, 5, [1, 2, 3]), (9, 4, [2, 2, 1, 1]), (7, 6, []), (5, 3, [1, 1, 2]), (40, 12, [3, 3, 3, 7, 11, 1, 1]), (1, 4, [3]),
     (1, 4, [])]
):
    logits = (3 * torch.randn(frames, classes, dtype=torch.float64)).requires_grad_()
    loss = torch.nn.functional.ctc_loss(
        logits.log_softmax(-1)[:, None], torch.tensor([target], dtype=torch.long), [frames], [len(target)],
        reduction="sum")
    loss.backward()
    kept[f"ctc.{number}.logits"] = logits.detach().float()
    kept[f"ctc.{number}.gradient"] = logits.grad.float()
    cases.append({"kind": "ctc", "target": target, "loss": loss.item()})
for number, (weights, smoothing) in enumerate([(None, 0.0), ([0.5, 2.0, 1.0, 3.0], 0.0), (None, 0.1), ([0.5, 2.0, 1.0, 3.0], 0.2)]):
    logits = (2 * torch.randn(10, 4, dtype=torch.float64)).requires_grad_()
    labels = [0, 1, -100, 3, 2, 2, -100, 1, 0, 3]
    loss = torch.nn.functional.cross_entropy(
        logits, torch.tensor(labels), weight=None if weights is None else torch.tensor(weights, dtype=torch.float64),
        label_smoothing=smoothing)
    loss.backward()
    kept[f"entropy.{number}.logits"] = logits.detach().float()
    kept[f"entropy.{number}.gradient"] = logits.grad.float()
    cases.append({"kind": "entropy", "weights": weights, "smoothing": smoothing, "labels": labels, "loss": loss.item()})
save_file(kept, here / "losses.safetensors")
(here / "losses.json").write_text(json.dumps(cases, indent=1) + "\n")

# MARK: Gradients and ten steps

CLASSES = 9
TARGETS = [[1, 2, 3, 3, 4], [5, 6, 7, 8, 1, 2, 2], [4, 4, 8]]


def utterances(name):
    wave, rate = soundfile.read(models / name / "input.wav", dtype="float32")
    extractor = AutoFeatureExtractor.from_pretrained(models / name)
    parts = [wave, wave[len(wave) // 6 :], wave[: len(wave) * 3 // 4]]
    return [extractor(part, sampling_rate=rate, return_tensors="pt").input_values.double() for part in parts]


def load(name):
    return AutoModel.from_pretrained(models / name, attn_implementation="eager").double().eval()


def new_head(width, seed=7, outputs=CLASSES):
    torch.manual_seed(seed)
    head = torch.nn.Linear(width, outputs).double()
    with torch.no_grad():
        head.weight.copy_((0.05 * torch.randn(outputs, width)).double())
        head.bias.zero_()
    return head


def ctc(states, head, target):
    logits = head(states)[0]
    loss = torch.nn.functional.ctc_loss(
        logits.log_softmax(-1)[:, None], torch.tensor([target]), [len(logits)], [len(target)], reduction="sum")
    return loss / max(1, len(target))


kept = {}
facts = {}
for name in ["wav2vec2_base", "wav2vec2_large", "wavlm_base", "hubert_base", "hubert_variant", "data2vec_audio", "mms_variant"]:
    model, inputs = load(name), utterances(name)
    head = new_head(model.config.hidden_size)
    loss = ctc(model(inputs[0]).last_hidden_state, head, TARGETS[0])
    loss.backward()
    kept[f"{name}.head"] = head.weight.detach().float().contiguous()
    facts[name] = {"loss": loss.item()}
    for key, parameter in list(model.named_parameters()) + [("lm_head.weight", head.weight), ("lm_head.bias", head.bias)]:
        if parameter.grad is not None:
            kept[f"{name}.gradient.{key}"] = thinned(parameter.grad)
save_file(kept, here / "gradients.safetensors")

DECAY = 0.05


class Narrow(torch.nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.down, self.up = torch.nn.Linear(width, inner), torch.nn.Linear(inner, width)

    def forward(self, x):
        return self.up(torch.nn.functional.gelu(self.down(x)))


class Bottleneck(Narrow):
    """Behind a sublayer (Houlsby 2019)."""

    def forward(self, output, given):
        return output + super().forward(output)


class SoftMixture(torch.nn.Module):
    """Beside a sublayer (Cappellazzo 2024; Puigcerver 2023)."""

    def __init__(self, width, inner, networks=3, slots=2):
        super().__init__()
        self.slots = torch.nn.Linear(width, networks * slots, bias=False)
        self.networks = torch.nn.ModuleList(Narrow(width, inner) for _ in range(networks))

    def forward(self, output, given):
        logits = self.slots(given)
        mixed = logits.softmax(1).transpose(1, 2) @ given
        made = torch.cat([f(part) for f, part in zip(self.networks, mixed.chunk(len(self.networks), 1))], 1)
        return output + logits.softmax(2) @ made


def with_sides(model, kind):
    """Networks beside both sublayers of each block, by hooks."""
    for layer in model.encoder.layers:
        layer.beside_attention = kind(model.config.hidden_size, 5).double()
        layer.beside_feed_forward = kind(model.config.hidden_size, 5).double()
        layer.attention.register_forward_hook(
            lambda module, args, kwargs, out, side=layer.beside_attention:
            (side(out[0], kwargs.get("hidden_states", args[0] if args else None)), *out[1:]), with_kwargs=True)
        layer.feed_forward.register_forward_hook(
            lambda module, args, out, side=layer.beside_feed_forward: side(out, args[0]))
    return model


def groups(named, rate, depth_of, layer_decay, head_rate):
    found = []
    for key, parameter in named:
        parts = key.split(".")
        decays = parts[-1] != "bias" and not any(p.endswith("norm") for p in parts)
        depth = depth_of(key)
        own = head_rate if depth == 0 else rate * layer_decay**depth
        found.append({"params": [parameter], "lr": own, "weight_decay": DECAY if decays else 0.0})
    return found


def depth_of(layers, normalises_first):
    def depth(key):
        if key.startswith(("lm_head", "classifier", "projector")):
            return 0
        if "encoder.layers." in key and "rel_attn_embed" not in key:
            return layers - int(key.split("encoder.layers.")[1].split(".")[0])
        if normalises_first and key.startswith("encoder.layer_norm"):
            return 1
        return layers + 1 if not key.startswith("feature_") else layers + (2 if key.startswith("feature_projection") else 3)
    return depth


def train(recipe, name, lora=False, freeze=(), clip=None, accumulation=1, layer_decay=1.0, head_rate=None, warm_up=2,
          rate=1e-3, task="ctc", weights=None, smoothing=0.0, sides=None):
    torch.manual_seed(11)
    model, inputs = load(name), utterances(name)
    width = model.config.hidden_size
    extra = {}
    if task == "utterance":
        extra["projector"] = new_head(width, 5, 6)
        extra["classifier"] = new_head(6, 6, 3)
    else:
        extra["lm_head" if task == "ctc" else "classifier"] = new_head(width)
    for key, layer in extra.items():
        kept_steps[f"{recipe}.start.{key}.weight"] = layer.weight.detach().float().clone()
    if sides:
        model = with_sides(model, sides)
        for _, parameter in model.named_parameters():
            parameter.requires_grad_(False)
        named = [(k, p) for k, p in model.named_parameters() if ".beside_" in k]
        for key, parameter in named:
            with torch.no_grad():
                parameter.copy_((0.2 * torch.randn(parameter.shape)).double())
            parameter.requires_grad_(True)
            kept_steps[f"{recipe}.start.{key}"] = parameter.detach().float().clone()
    elif lora:
        model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])).double().eval()
        named = [(k.replace("base_model.model.", "").replace(".default", ""), p) for k, p in model.named_parameters() if p.requires_grad]
        for key, parameter in named:
            if "lora_A" in key:
                kept_steps[f"{recipe}.start.{key}"] = parameter.detach().float().clone()
    else:
        named = [(k, p) for k, p in model.named_parameters() if not any(k.startswith(f) for f in freeze) and k != "masked_spec_embed"]
        for key, parameter in model.named_parameters():
            parameter.requires_grad_(any(parameter is p for _, p in named))
    for key, layer in extra.items():
        named += [(f"{key}.weight", layer.weight), (f"{key}.bias", layer.bias)]
    layers = model.config.num_hidden_layers
    optimiser = torch.optim.AdamW(groups(named, rate, depth_of(layers, getattr(model.config, "do_stable_layer_norm", False)), layer_decay, head_rate or rate))
    schedule = get_cosine_schedule_with_warmup(optimiser, warm_up, 10)
    losses, norms = [], []
    order = [0, 1, 2]
    for step in range(10):
        total = 0.0
        for micro in range(accumulation):
            chosen = [order[(step * accumulation + micro) % 3], order[(step * accumulation + micro + 1) % 3]]
            loss = 0.0
            if task == "ctc":
                for u in chosen:
                    loss = loss + ctc(model(inputs[u]).last_hidden_state, extra["lm_head"], TARGETS[u]) / len(chosen)
            elif task == "frames":
                logits, labels = [], []
                for u in chosen:
                    out = extra["classifier"](model(inputs[u]).last_hidden_state)[0]
                    logits.append(out)
                    labels += [(-100 if i % 7 == 3 else (i // 5 + u) % CLASSES) for i in range(len(out))]
                w = torch.tensor(weights, dtype=torch.float64) if weights else None
                loss = torch.nn.functional.cross_entropy(torch.cat(logits), torch.tensor(labels), weight=w, label_smoothing=smoothing)
            else:
                logits = [extra["classifier"](extra["projector"](model(inputs[u]).last_hidden_state).mean(1)) for u in chosen]
                loss = torch.nn.functional.cross_entropy(torch.cat(logits), torch.tensor([u % 3 for u in chosen]))
            (loss / accumulation).backward()
            total += loss.item() / accumulation
        norm = torch.nn.utils.clip_grad_norm_([p for _, p in named], clip if clip else float("inf"))
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        losses.append(total)
        norms.append(norm.item())
    facts_steps[recipe] = {"losses": losses, "norms": norms}
    for key, parameter in named:
        kept_steps[f"{recipe}.end.{key}"] = thinned(parameter)


kept_steps, facts_steps = {}, {}
train("full", "wav2vec2_base")
train("recipe", "wav2vec2_large", freeze=("feature_extractor.", "encoder.layers.0."), clip=1.0, accumulation=2, layer_decay=0.8,
      head_rate=3e-3)
train("lora", "wav2vec2_base", lora=True)
train("head", "hubert_base", freeze=("feature", "encoder"))
train("frames", "wavlm_base", task="frames", weights=[1.0, 2.0, 0.5, 1.0, 1.5, 1.0, 3.0, 1.0, 0.2], smoothing=0.1)
train("utterance", "data2vec_audio", task="utterance")
train("bottleneck", "wav2vec2_base", sides=Bottleneck)
train("soft-moa", "wav2vec2_large", sides=SoftMixture)
save_file({k: v.contiguous() for k, v in kept_steps.items()}, here / "steps.safetensors")
(here / "steps.json").write_text(json.dumps({"gradients": facts, "steps": facts_steps}, indent=1) + "\n")

# MARK: Alignments, as jiwer counts them

random.seed(3)
pairs = []
words = "a b c d e".split()
for _ in range(150):
    reference = [random.choice(words) for _ in range(random.randint(1, 12))]
    found = [w for w in reference if random.random() > 0.2]
    for _ in range(random.randint(0, 3)):
        found.insert(random.randint(0, len(found)), random.choice(words))
    out = jiwer.process_words(" ".join(reference), " ".join(found))
    pairs.append({"reference": reference, "found": found, "hits": out.hits, "substitutions": out.substitutions,
                  "deletions": out.deletions, "insertions": out.insertions})
everything = jiwer.process_words([" ".join(p["reference"]) for p in pairs], [" ".join(p["found"]) for p in pairs])
(here / "alignments.json").write_text(json.dumps({"rate": everything.wer, "pairs": pairs}) + "\n")
(here / "versions.json").write_text(json.dumps(
    {name: version(name) for name in ["torch", "transformers", "peft", "jiwer", "safetensors"]}, indent=1) + "\n")
