"""Opens what `probe-layers finetune` wrote with transformers and PEFT, and compares their logits with Strata's.

`python3 scripts/check-finetuned.py PROBE_LAYERS MODEL_FOLDER RECORDING [ADAPTER_FOLDER BASE_FOLDER]` (torch, transformers,
peft, safetensors, soundfile). Fails where a tensor is missing or logits differ by more than 1e-3 of the largest.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile
import torch
from safetensors.torch import load_file
from transformers import AutoFeatureExtractor, AutoModelForCTC, AutoTokenizer

program, folder, recording = sys.argv[1:4]
model, info = AutoModelForCTC.from_pretrained(folder, output_loading_info=True)
assert not any(info[k] for k in ["missing_keys", "unexpected_keys", "mismatched_keys"]), info
extractor = AutoFeatureExtractor.from_pretrained(folder)
wave, rate = soundfile.read(recording, dtype="float32")
assert rate == extractor.sampling_rate, "give a recording at the model's rate"
values = extractor(wave, sampling_rate=rate, return_tensors="pt").input_values
with torch.no_grad():
    theirs = model.eval()(values).logits[0]
with tempfile.TemporaryDirectory() as place:
    out = Path(place) / "a.safetensors"
    subprocess.run([program, "extract", folder, recording, "--layers", "logits", "-o", str(out)], check=True)
    tensors = load_file(out)
    ours = next(v for k, v in tensors.items() if k.endswith("logits") and v.ndim == 2)
difference = (ours - theirs).abs().max().item() / theirs.abs().max().item()
print(f"{folder}: {tuple(theirs.shape)} logits, largest difference {difference:.1e} of the largest")
assert difference < 1e-3
tokenizer = AutoTokenizer.from_pretrained(folder)
print("decoded by transformers:", tokenizer.decode(theirs.argmax(-1))[:80])
if len(sys.argv) > 5:
    from peft import PeftModel

    base = AutoModelForCTC.from_pretrained(sys.argv[5], vocab_size=theirs.shape[1], ignore_mismatched_sizes=True)
    adapted = PeftModel.from_pretrained(base, sys.argv[4]).eval()
    with torch.no_grad():
        again = adapted(values).logits[0]
    difference = (again - theirs).abs().max().item() / theirs.abs().max().item()
    print(f"the adapter on its base, by PEFT: largest difference {difference:.1e} of the largest")
    assert difference < 1e-3
