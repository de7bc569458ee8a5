"""Makes Tests/ModelsTests/Resources/s3prl: tiny models as s3prl saves them, and what its own upstreams compute from them.

    python3 scripts/s3prl-fixtures.py [apc] [cpc] [tera] [mockingjay] [audio_albert]

Needs s3prl 0.4.18, torch, torchaudio, safetensors, soundfile. Weights are random, and every parameter is moved, so that
one that is left out shows. Each folder holds `model.ckpt` and `reference.safetensors` with s3prl's states under the names of
Strata's layers, those of `NAME@4` every fourth row.
"""

import copy
import shutil
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch
from safetensors.numpy import save_file

RESOURCES = Path(__file__).resolve().parent.parent / "Tests/ModelsTests/Resources"
torch.set_num_threads(1)


def moved(model):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def sound():
    return torch.tensor(soundfile.read(RESOURCES / "wav2vec2_base/input.wav", dtype="float32")[0])


def write(name, checkpoint, states):
    """`states` makes the reference of a checkpoint's path."""
    folder = RESOURCES / "s3prl" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.save(checkpoint, folder / "model.ckpt")
    with torch.no_grad():
        found = states(str(folder / "model.ckpt"))
    thin = {}
    for tap, values in found.items():
        values = np.asarray(values.detach(), np.float32).squeeze()
        step = -(-len(values) // 32)
        thin[f"{tap}@{step}"] = np.ascontiguousarray(values[::step])
    save_file(thin, folder / "reference.safetensors")
    print(name, {tap: list(values.shape) for tap, values in found.items()})


def hooked(expert, modules):
    """The outputs of modules during the expert's pass."""
    found = {}
    for name, module in modules.items():
        module.register_forward_hook(lambda _, __, out, name=name: found.__setitem__(name, out))
    expert.eval()([sound()])
    return found


def apc():
    from s3prl.upstream.apc.apc import APC
    from s3prl.upstream.apc.expert import UpstreamExpert
    torch.manual_seed(0)
    paras = dict(hidden_size=12, num_layers=3, dropout=0.1, residual=True)
    config = {"data": {"audio": {"feat_type": "fbank", "feat_dim": 20, "decode_wav": False, "cmvn": True}},
              "model": {"paras": paras}}
    model = moved(APC(20, **paras))

    def states(path):
        expert = UpstreamExpert(path)
        states = expert.eval()([sound()])["hidden_states"]
        entered = {}
        expert.model.register_forward_hook(lambda _, args, out: entered.update(features=args[0]))
        expert([sound()])
        return {"hidden.0": entered["features"][0]} | {f"hidden.{i + 1}": h[0] for i, h in enumerate(states)}
    write("apc", {"config": copy.deepcopy(config), "model": model.state_dict(), "Optimizer": None}, states)


def cpc():
    from argparse import Namespace
    from s3prl.upstream.cpc.cpc_default_config import get_default_cpc_config
    from s3prl.upstream.cpc.expert import UpstreamExpert
    from s3prl.upstream.cpc.feature_loader import getAR, getEncoder, loadArgs
    from s3prl.upstream.cpc.model import CPCModel
    torch.manual_seed(0)
    settings = dict(hiddenEncoder=10, hiddenGar=8, nLevelsGRU=2, arMode="LSTM")
    args = get_default_cpc_config()
    loadArgs(args, Namespace(**settings))
    model = moved(CPCModel(getEncoder(args), getAR(args)))

    def states(path):
        expert = UpstreamExpert(path)
        inside = expert.model.gEncoder
        found = hooked(expert, {"encoder": expert.model.gEncoder, "ar": expert.model.gAR, "first": inside.batchNorm0})
        return {"conv.1": torch.relu(found["first"])[0].T, "conv.5": found["encoder"][0].T, "hidden.2": found["ar"][0]}
    write("cpc", {"config": vars(args) | settings, "weights": model.state_dict()}, states)


def spectrogram(name, **more):
    from s3prl.upstream.mockingjay.expert import UpstreamExpert
    from s3prl.upstream.mockingjay.model import TransformerConfig, TransformerModel
    torch.manual_seed(0)
    transformer = dict(hidden_size=12, num_hidden_layers=3, num_attention_heads=2, intermediate_size=20, hidden_act="gelu",
                       hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, initializer_range=0.02,
                       layer_norm_eps=1e-12, share_layer=False, pre_layer_norm=False, input_dim=-1)
    length = more.pop("sequence_length", 1500)
    transformer |= more
    features = dict(feat_type="mel", channel=0, log=True, delta=0, cmvn=True)
    config = {"transformer": transformer, "task": {"sequence_length": length},
              "audio": dict(target_level=-25, sample_rate=16000, win_ms=25, hop_ms=10, n_freq=201, n_mels=20, n_mfcc=13,
                            input=features, target=dict(features))}
    model = moved(TransformerModel(TransformerConfig(transformer), 20))

    def states(path):
        expert = UpstreamExpert(path)
        layers = expert.transformer.model.encoder.layer
        out = expert.eval()([sound()])["hidden_states"]
        normed = transformer["pre_layer_norm"]
        last = len(out) - 1
        return {("final_norm" if k == last else f"normed.{k}") if normed else f"hidden.{k}": x[0] for k, x in enumerate(out)}
    write(name, {"Transformer": model.state_dict(), "Upstream_Config": config, "Config": {"runner": {"total_steps": 3}},
                 "SpecHead": {"output.weight": torch.zeros(2, 2)}, "Global_step": 3}, states)


MADE = {
    "apc": apc, "cpc": cpc, "tera": lambda: spectrogram("tera"),
    # Blocks that normalise first, and a sound in two parts.
    "mockingjay": lambda: spectrogram("mockingjay", pre_layer_norm=True, hidden_act="relu", sequence_length=40),
    "audio_albert": lambda: spectrogram("audio_albert", share_layer=True, hidden_act="swish"),
}
if __name__ == "__main__":
    for name in sys.argv[1:] or MADE:
        MADE[name]()
