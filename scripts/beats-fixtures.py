"""Makes Tests/ModelsTests/Resources/beats: tiny BEATs in their authors' layout, and what SpeechBrain's copy of BEATs computes.

    python3 scripts/beats-fixtures.py

Needs speechbrain 1.1.2, torch, torchaudio, safetensors, soundfile. Weights are random, and every parameter is moved, so that one
that is left out shows. Each folder holds `model.pt` (`cfg` and `model`) and `reference.safetensors`, of each layer the means over the
frequencies at one time.
"""

import shutil
from pathlib import Path

import numpy as np
import soundfile
import torch
from safetensors.numpy import save_file
from speechbrain.lobes.models.beats import BEATs, BEATsConfig

RESOURCES = Path(__file__).resolve().parent.parent / "Tests/ModelsTests/Resources"
SMALL = dict(encoder_layers=2, encoder_embed_dim=16, encoder_ffn_embed_dim=24, encoder_attention_heads=2, conv_pos_groups=4)
KINDS = {
    # As published: DeepNorm, gated distances, patches of another width.
    "deep": dict(embed_dim=10, deep_norm=True, conv_pos=16, relative_position_embedding=True, num_buckets=12, max_distance=20,
                 gru_rel_pos=True, finetuned_model=True, predictor_class=3),
    # The other way round: blocks that normalise first, no distances.
    "first": dict(embed_dim=16, layer_norm_first=True, conv_pos=9, conv_bias=True, input_patch_size=32, activation_fn="relu"),
    "plain": dict(embed_dim=10, conv_pos=8, relative_position_embedding=True, num_buckets=16, max_distance=9),
}


def made(name, settings):
    torch.manual_seed(0)
    config = {**BEATsConfig().__dict__, **SMALL, **settings}
    import speechbrain.lobes.models.beats as library
    usual = library.BEATsConfig.__init__

    def init(self, cfg=None):
        usual(self, config)
    library.BEATsConfig.__init__ = init
    model = BEATs(output_all_hiddens=True)
    library.BEATsConfig.__init__ = usual
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    model.eval()

    sound = torch.tensor(soundfile.read(RESOURCES / "towers/input.wav", dtype="float32")[0])[:18_000]
    found, rows = {}, 128 // config["input_patch_size"]
    (model.post_extract_proj or model.layer_norm).register_forward_hook(
        lambda _, __, out: found.__setitem__("projection", out[0].detach().clone()))
    with torch.no_grad():
        states = model.extract_features(sound[None], torch.ones(1))[0]
    for number, state in enumerate(states):
        found[f"hidden.{number}"] = state[:, 0]
    if settings.get("layer_norm_first"):
        with torch.no_grad():
            found["final_norm"] = model.encoder.layer_norm(found[f"hidden.{config['encoder_layers']}"])

    folder = RESOURCES / "beats" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # The authors' spelling of weight norm.
    spelling = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    state = {}
    for key, value in model.state_dict().items():
        for new, old in spelling.items():
            key = key.replace(new, old)
        state[key] = value.clone()
    torch.save({"cfg": config, "model": state}, folder / "model.pt")
    reference = {}
    for tap, tokens in found.items():
        tokens = tokens.numpy()
        reference[tap] = np.ascontiguousarray(tokens.reshape(-1, rows, tokens.shape[-1]).mean(1))
    save_file(reference, folder / "reference.safetensors")
    print(name, {tap: list(values.shape) for tap, values in reference.items()})


for name, settings in KINDS.items():
    made(name, settings)
