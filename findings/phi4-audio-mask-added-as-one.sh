#!/usr/bin/env bash
# transformers 5.24.0 (torch 2.13.0): the audio encoder of Phi-4-multimodal makes a mask of padding and of chunks
# (chunk_size, left_chunk) and adds it, still true and false, to the attention's bias: what may be seen gets 1 more
# than what may not, and nothing is shut out. One would have guessed that a frame beyond its chunk, or a padded one,
# cannot reach an earlier frame, as the mask and the configuration's two numbers say. Who compares layers of this
# encoder meets it twice: its states depend on how far a batch is padded and on what lies there, and a reading of it as
# a streaming encoder is a reading of another model.
set -euo pipefail
command -v python3 >/dev/null || { echo "python3 is missing: install Debian's python3 (3.11 or newer)"; exit 2; }
python3 -c 'import venv, ensurepip' || { echo "venv is missing: install Debian's python3-venv"; exit 2; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export PIP_DISABLE_PIP_VERSION_CHECK=1; python3 -m venv v
v/bin/pip install -q --no-compile torch==2.13.0 transformers==5.24.0 numpy==2.4.6
export TRANSFORMERS_VERBOSITY=error HF_HUB_OFFLINE=1
cat > see.py <<'PY'
import torch
from transformers.models.phi4_multimodal import Phi4MultimodalAudioConfig
from transformers.models.phi4_multimodal.modeling_phi4_multimodal import Phi4MultimodalAudioModel

torch.manual_seed(0)
config = Phi4MultimodalAudioConfig(
    hidden_size=32, intermediate_size=64, num_blocks=1, num_attention_heads=2, chunk_size=4, left_chunk=1,
    ext_pw_out_channel=32, nemo_conv_channels=32, depthwise_separable_out_channel=32)
model = Phi4MultimodalAudioModel(config).eval()
for p in model.parameters():
    p.data.normal_(0, 0.2)


def first(sound, mask):
    with torch.no_grad():
        return model(sound, mask)[0, 0]


sound = torch.randn(1, 320, config.input_size)      # 40 states: ten chunks of four
late = sound.clone(); late[:, 200:] = torch.randn(1, 120, config.input_size)
mask = torch.arange(320)[None] < 200                # the last fifteen states are padding
chunk = model._streaming_mask(40, 1, config.chunk_size, config.left_chunk)[0]
print("the mask lets state 0 see", int(chunk[0].sum()), "of 40 states")
print("state 0 is the same whatever comes after its chunk:", bool((first(sound, None) - first(late, None)).abs().max() < 1e-5))
print("state 0 is the same whatever stands in the padding:", bool((first(sound, mask) - first(late, mask)).abs().max() < 1e-5))
PY
v/bin/python see.py 2> errors | tee seen || { tail -3 errors; exit 1; }
diff seen - <<'END'
the mask lets state 0 see 4 of 40 states
state 0 is the same whatever comes after its chunk: False
state 0 is the same whatever stands in the padding: False
END
