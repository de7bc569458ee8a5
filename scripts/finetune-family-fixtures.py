"""Makes Tests/FineTuningTests/Resources/families.safetensors and families.json: gradients of all parameters of transformers'
classifiers of Whisper's encoder and of the Audio Spectrogram Transformer, for a cross-entropy.

`python3 scripts/finetune-family-fixtures.py` (torch, transformers, safetensors, soundfile; versions are written into
families.json). Computed in float64 and rounded to float32. Of large tensors every fifth value is kept.
"""

import json
from importlib.metadata import version
from pathlib import Path

import soundfile
import torch
from safetensors.torch import save_file
from transformers import ASTForAudioClassification, AutoFeatureExtractor, WhisperForAudioClassification

root = Path(__file__).parent.parent
models = root / "Tests" / "ModelsTests" / "Resources"
here = root / "Tests" / "FineTuningTests" / "Resources"


def thinned(tensor):
    flat = tensor.detach().reshape(-1)
    return (flat[::5] if flat.numel() > 200 else flat).float().clone().contiguous()


# From the names of transformers 5's modules to those in checkpoints.
STORED = [("layers.", "encoder.layer."), ("attention.q_proj", "attention.attention.query"),
          ("attention.k_proj", "attention.attention.key"), ("attention.v_proj", "attention.attention.value"),
          ("attention.o_proj", "attention.output.dense"), ("mlp.fc1", "intermediate.dense"), ("mlp.fc2", "output.dense")]


def stored(key):
    if key.startswith("layers."):
        for new, old in STORED:
            key = key.replace(new, old, 1)
    return key


kept, facts = {}, {}
for name, kind in [("whisper", WhisperForAudioClassification), ("ast", ASTForAudioClassification)]:
    folder = models / name
    model = kind.from_pretrained(folder, attn_implementation="eager", num_labels=5, ignore_mismatched_sizes=True,
                                 **({"classifier_proj_size": 6} if name == "whisper" else {})).double().eval()
    head = ["projector", "classifier"] if name == "whisper" else ["classifier.layernorm", "classifier.dense"]
    torch.manual_seed(3)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.startswith(tuple(head)):
                # As far from how they begin as training brings them.
                parameter.copy_(0.1 * torch.randn(parameter.shape) + (1 if key.endswith("layernorm.weight") else 0))
                kept[f"{name}.head.{key}"] = parameter.detach().float().contiguous()
    wave, rate = soundfile.read(folder / "input.wav", dtype="float32")
    features = AutoFeatureExtractor.from_pretrained(folder)(wave, sampling_rate=rate, return_tensors="pt")
    value = next(iter(features.values())).double()
    logits = model(value).logits
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([2]))
    loss.backward()
    prefix = "audio_spectrogram_transformer."
    for key, parameter in model.named_parameters():
        if parameter.grad is not None:
            kept[f"{name}.gradient.{stored(key.removeprefix(prefix))}"] = thinned(parameter.grad)
    facts[name] = {"loss": loss.item(), "logits": logits[0].tolist()}
save_file(kept, here / "families.safetensors")
(here / "families.json").write_text(json.dumps(
    {"cases": facts, "versions": {n: version(n) for n in ["torch", "transformers"]}}, indent=1) + "\n")
print(facts, len(kept))
