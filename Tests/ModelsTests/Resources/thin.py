"""Makes this folder from full reference folders: `python3 thin.py SOURCE NAME…` (numpy, safetensors).

SOURCE/NAME holds a tiny model in Hugging Face layout with fixed random weights, input.wav, and hidden_states.safetensors:
every intermediate value of transformers 5.24.0 in float64, rounded to float32. To keep the repository small, of
the first three convolutions only every eighth, fourth and second frame is kept, and of WavLM's attention, which
the library averages over heads, one copy; of Whisper's, AST's and the conformers', every eighth query; of CLAP the
sound half; of the conformers' convolutions every fourth channel too.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

source, names = Path(sys.argv[1]), sys.argv[2:]
for name in names:
    target = Path(__file__).parent / name
    target.mkdir(exist_ok=True)
    for file in ["config.json", "preprocessor_config.json", "model.safetensors", "input.wav", "input2.wav",
                 "input_features.npy", "input_values.npy", "decoder_input_ids.npy"]:
        if (source / name / file).exists():
            shutil.copyfile(source / name / file, target / file)
    for file in ["hidden_states.safetensors", "batch_hidden_states.safetensors"]:
        if not (source / name / file).exists():
            continue
        values = load_file(source / name / file)
        for key, step in {"conv.0": 8, "conv.1": 4, "conv.2": 2}.items():
            if key in values:
                values[key] = np.ascontiguousarray(values[key][..., ::step])
        if name.startswith("wavlm"):
            for key in values:
                if key.startswith("attn."):
                    values[key] = np.ascontiguousarray(values[key][..., :1, :, :])
        if name.startswith("conformer"):
            for key in values:
                if key.startswith("conv."):
                    values[key] = np.ascontiguousarray(values[key][::4])
        if name in ("whisper", "ast", "conformer_rel", "conformer_rope", "w2v_bert"):
            for key in values:
                if key.split(".")[-2:-1] == ["attn"] and values[key].shape[1] > 40:
                    values[key] = np.ascontiguousarray(values[key][:, ::8])
        if name == "clap":  # the text half's values are those of clap_text
            values = {key: values[key] for key in values if key.startswith("audio.")}
        save_file(values, target / file)
    if name == "clap":  # the sound is repeated after 160 frames
        np.save(target / "input_features.npy", np.load(target / "input_features.npy").reshape(1001, 64)[:240])
