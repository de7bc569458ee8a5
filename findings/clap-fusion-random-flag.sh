#!/usr/bin/env bash
# transformers 5.24.0 (torch 2.13.0): where no sound of a batch is longer than ten seconds, ClapFeatureExtractor
# with truncation="fusion" draws one of them at random from NumPy's global generator and marks it as longer. The
# marked sound goes through the branch for long sounds, so that its states depend on the draw and on what else is
# in the batch; a short sound alone is always marked. One would have guessed that is_longer says which sounds are
# longer, and that a model in eval mode gives the same states for the same sound. Who compares layers of a fused
# CLAP over short words or phones meets it: a seed decides which of the items were read in another way.
set -euo pipefail
command -v python3 >/dev/null || { echo "python3 is missing: install Debian's python3 (3.11 or newer)"; exit 2; }
python3 -c 'import venv, ensurepip' || { echo "venv is missing: install Debian's python3-venv"; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export PIP_DISABLE_PIP_VERSION_CHECK=1; python3 -m venv v
v/bin/pip install -q --no-compile torch==2.13.0 transformers==5.24.0 numpy==2.4.6
export TRANSFORMERS_VERBOSITY=error HF_HUB_OFFLINE=1
cat > see.py <<'PY'
import numpy, torch, transformers

torch.manual_seed(0)
extractor = transformers.ClapFeatureExtractor(truncation="fusion")
tower = transformers.ClapAudioModel(transformers.ClapAudioConfig(
    patch_embeds_hidden_size=8, hidden_size=64, num_attention_heads=[1, 2, 2, 4], num_hidden_layers=4,
    enable_fusion=True, fusion_type=None)).eval()
time = numpy.arange(3 * 48000) / 48000
low, high = (0.1 * numpy.sin(2 * numpy.pi * f * time).astype(numpy.float32) for f in (220.0, 330.0))

states = {}
for seed in range(8):
    numpy.random.seed(seed)
    batch = extractor([low, high], sampling_rate=48000, return_tensors="pt")
    with torch.no_grad():
        states[tuple(batch["is_longer"].flatten().tolist())] = tower(**batch).pooler_output[0]
alone = extractor([low], sampling_rate=48000, return_tensors="pt")
first, second = states[(True, False)], states[(False, True)]
print("two sounds of 3 s, is_longer under eight seeds:", sorted(states))
print("one of them alone:", alone["is_longer"].flatten().tolist())
print("the first sound's embedding is the same under every seed:", torch.equal(first, second))
PY
v/bin/python see.py 2> errors | tee seen || { tail -3 errors; exit 1; }
diff seen - <<'END'
two sounds of 3 s, is_longer under eight seeds: [(False, True), (True, False)]
one of them alone: [True]
the first sound's embedding is the same under every seed: False
END
