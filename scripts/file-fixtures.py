"""Makes the small files of Tests/CheckpointsTests/Resources/formats with the libraries that people make theirs with.

    python -m venv --system-site-packages env && env/bin/pip install peft bitsandbytes accelerate gguf ctranslate2 mlx[cpu] \
        onnx onnxscript flax h5py keras autoawq torchao hqq optimum-quanto
    env/bin/python scripts/file-fixtures.py [adapters] [bitsandbytes] [float8] [gguf] ...

Each folder holds the library's own file and `expected.safetensors`: the values that the library itself computes from it.
The versions are in the README beside them. Nothing of this is needed to build or test Strata.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.utils.prune
from safetensors.torch import load_file, save_file

target = Path(__file__).resolve().parent.parent / "Tests/CheckpointsTests/Resources/formats"


def folder(name):
    path = target / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def save(tensors, path):
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, path)


class Encoder(torch.nn.Module):
    """One layer of each kind that adapters change."""

    def __init__(self):
        super().__init__()
        self.config = {"model_type": "custom"}
        self.embed = torch.nn.Embedding(12, 16)
        self.conv = torch.nn.Conv1d(6, 16, 3)
        self.layers = torch.nn.ModuleList([torch.nn.ModuleDict({
            "q_proj": torch.nn.Linear(16, 16), "v_proj": torch.nn.Linear(16, 16), "fc1": torch.nn.Linear(16, 24),
            "norm": torch.nn.LayerNorm(16)}) for _ in range(2)])
        self.head = torch.nn.Linear(16, 5)

    def forward(self, x):
        for layer in self.layers:
            x = layer["norm"](layer["q_proj"](x) + layer["v_proj"](x)) + layer["fc1"](x)[..., :16]
        return self.head(x)


def adapters():
    import peft
    from peft import AdaLoraConfig, IA3Config, LNTuningConfig, LoHaConfig, LoKrConfig, LoraConfig, VeraConfig, get_peft_model

    torch.manual_seed(1)
    base = Encoder()
    for parameter in base.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    save(base.state_dict(), folder("adapters") / "base.safetensors")
    linear = ["q_proj", "v_proj", "fc1"]
    kinds = {
        "lora": LoraConfig(r=4, lora_alpha=10, target_modules=linear + ["conv", "embed"]),
        "rslora": LoraConfig(r=4, lora_alpha=10, use_rslora=True, target_modules=linear,
                             rank_pattern={"layers.1.fc1": 2, ".*0.q_proj": 3}, alpha_pattern={"layers.1.fc1": 5}),
        "dora": LoraConfig(r=4, lora_alpha=8, use_dora=True, target_modules=linear + ["conv"]),
        "bias": LoraConfig(r=2, lora_alpha=8, lora_bias=True, target_modules=["q_proj"]),
        "saved": LoraConfig(r=2, lora_alpha=8, bias="all", target_modules=["q_proj"], modules_to_save=["head"]),
        "adalora": AdaLoraConfig(init_r=4, target_r=2, lora_alpha=6, total_step=10, target_modules=linear),
        "ia3": IA3Config(target_modules=linear, feedforward_modules=["fc1"]),
        "vera": VeraConfig(r=4, target_modules=["q_proj", "v_proj"], projection_prng_key=3),
        "loha": LoHaConfig(r=3, alpha=5, target_modules=linear),
        "lokr": LoKrConfig(r=2, alpha=4, target_modules=linear, decompose_both=True, decompose_factor=4),
        "norms": LNTuningConfig(target_modules=["norm"]),
    }
    for name, config in kinds.items():
        torch.manual_seed(2)
        model = get_peft_model(base.__class__(), config)
        model.base_model.model.load_state_dict(
            {k: v for k, v in renamed(base.state_dict(), model).items()}, strict=False)
        for key, parameter in model.named_parameters():
            if parameter.requires_grad:
                with torch.no_grad():
                    parameter.add_(0.2 * torch.randn_like(parameter))
        path = folder(f"adapters/{name}")
        model.save_pretrained(path)
        (path / "README.md").unlink(missing_ok=True)
        config_path = path / "adapter_config.json"
        settings = json.loads(config_path.read_text())
        settings["base_model_name_or_path"] = "base.safetensors"
        config_path.write_text(json.dumps(settings, indent=1) + "\n")
        # A fresh load, as a user has it; the merge in double precision.
        again = peft.PeftModel.from_pretrained(loaded(base), path).double()
        merged = again.merge_and_unload().state_dict()
        save({k: v.float() for k, v in merged.items()}, path / "expected.safetensors")
    # Kinds that are refused.
    path = folder("adapters/oft")
    model = get_peft_model(loaded(base), peft.OFTConfig(r=4, oft_block_size=0, target_modules=["q_proj"]))
    model.save_pretrained(path)
    (path / "README.md").unlink(missing_ok=True)


def loaded(base):
    model = Encoder()
    model.load_state_dict(base.state_dict())
    return model


def renamed(state, model):
    names = set(model.base_model.model.state_dict())
    result = {}
    for key, value in state.items():
        stem, _, kind = key.rpartition(".")
        for candidate in (key, f"{stem}.base_layer.{kind}", f"{stem}.original_module.{kind}",
                          f"{stem}.modules_to_save.default.{kind}", f"{stem}.ln_tuning_layers.default.{kind}"):
            if candidate in names:
                result[candidate] = value
    return result


def tiny():
    """A wav2vec 2.0 of a few thousand weights."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(3)
    config = Wav2Vec2Config(
        hidden_size=64, num_hidden_layers=1, num_attention_heads=4, intermediate_size=96, conv_dim=(8, 8),
        conv_kernel=(10, 3), conv_stride=(5, 2), num_feat_extract_layers=2, num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=4)
    return Wav2Vec2Model(config)


def bitsandbytes():
    import bitsandbytes as library
    from transformers import AutoModel, BitsAndBytesConfig

    tiny().save_pretrained("/tmp/file-fixtures-tiny")
    kinds = {
        "int8": BitsAndBytesConfig(load_in_8bit=True),
        "nf4": BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True),
        "fp4": BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="fp4"),
    }
    for name, config in kinds.items():
        model = AutoModel.from_pretrained(
            "/tmp/file-fixtures-tiny", quantization_config=config, device_map="cpu",
            dtype=torch.float16 if name == "nf4" else torch.float32)
        path = folder(f"bitsandbytes-{name}")
        model.save_pretrained(path)
        expected = {}
        for key, layer in model.named_modules():
            if not key.endswith(("attention.q_proj", "output_dense")):
                continue
            weight = layer.weight
            expected[f"{key}.weight"] = (
                library.functional.int8_vectorwise_dequant(weight.data, weight.SCB) if name == "int8"
                else library.functional.dequantize_4bit(weight.data, weight.quant_state)).float()
        save(expected, path / "expected.safetensors")


def float8():
    from transformers import AutoModel

    torch.manual_seed(4)
    path = folder("float8")
    weight = torch.randn(160, 200)
    scale = torch.rand(2, 2) + 0.5
    stored = weight.to(torch.float8_e4m3fn)
    rows = torch.rand(24, 1) + 0.5
    second = torch.randn(24, 16).to(torch.float8_e5m2)
    save_file({"a.weight": stored, "a.weight_scale_inv": scale, "b.weight": second, "b.weight_scale": rows,
               "c.weight": weight[:3].to(torch.float8_e4m3fn)}, path / "model.safetensors")
    blocks = scale.repeat_interleave(128, 0)[:160].repeat_interleave(128, 1)[:, :200]
    save({"a.weight": stored.float() * blocks, "b.weight": second.float() * rows,
          "c.weight": weight[:3].to(torch.float8_e4m3fn).float()}, path / "expected.safetensors")
    every = torch.arange(256, dtype=torch.uint8)
    kinds = {"e4m3": torch.float8_e4m3fn, "e5m2": torch.float8_e5m2, "e4m3fnuz": torch.float8_e4m3fnuz,
             "e5m2fnuz": torch.float8_e5m2fnuz, "e8m0": torch.float8_e8m0fnu}
    torch.save({k: every.view(t) for k, t in kinds.items()}, path / "every.pt")
    np.savez(path / "every-expected.npz", **{k: every.view(t).float().numpy() for k, t in kinds.items()})


def numpy_types():
    import ml_dtypes

    path = folder("numpy")
    values = np.linspace(-2, 2, 12).reshape(3, 4)
    np.savez(path / "bfloat16.npz", a=values.astype("<f4"), b=values.astype(ml_dtypes.bfloat16))
    np.savez(path / "float8.npz", a=values.astype("<f4"), b=values.astype(ml_dtypes.float8_e4m3fn))
    np.savez(path / "objects.npz", a=values, b=np.array([values, None], dtype=object))
    np.savez(path / "strings.npz", a=values.astype("<f4"), names=np.array(["one", "two"]))


def mlx():
    import mlx.core as mx
    import mlx.nn as nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.q_proj = nn.Linear(128, 24)
            self.fc1 = nn.Linear(64, 32)

    mx.random.seed(5)
    expected = {}
    for bits in (3, 4, 8):
        model = Model()
        nn.quantize(model, group_size=32, bits=bits)
        path = folder(f"mlx-{bits}")
        model.save_weights(str(path / "model.safetensors"))
        (path / "config.json").write_text(json.dumps({"quantization": {"group_size": 32, "bits": bits}}) + "\n")
        for name, layer in {"q_proj": model.q_proj, "fc1": model.fc1}.items():
            values = mx.dequantize(layer.weight, layer.scales, layer.biases, 32, bits)
            expected[f"{name}.weight"] = torch.tensor(np.array(values.astype(mx.float32)))
        save(expected, path / "expected.safetensors")


def gguf():
    import gguf as library
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as Kind

    path = folder("gguf")
    numbers = np.random.default_rng(6)
    writer = library.GGUFWriter(path / "model.gguf", "hubert")
    writer.add_string("general.name", "tiny")
    writer.add_uint32("hubert.block_count", 2)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    expected = {}
    values = numbers.standard_normal((6, 512)).astype(np.float32)
    for kind in (Kind.F32, Kind.F16, Kind.BF16, Kind.Q4_0, Kind.Q4_1, Kind.Q5_0, Kind.Q5_1, Kind.Q8_0):
        data = library.quants.quantize(values, kind)
        writer.add_tensor(f"{kind.name.lower()}.weight", data, raw_dtype=kind)
        expected[f"{kind.name.lower()}.weight"] = library.quants.dequantize(data, kind).reshape(values.shape)
    for kind in (Kind.Q2_K, Kind.Q3_K, Kind.Q4_K, Kind.Q5_K, Kind.Q6_K):
        block, size = GGML_QUANT_SIZES[kind]
        data = numbers.integers(0, 256, (6, 512 // block * size), dtype=np.uint8)
        # Their scales are halves; all others are codes, of which every one is right.
        halves = {Kind.Q2_K: (80, 82), Kind.Q3_K: (108,), Kind.Q4_K: (0, 2), Kind.Q5_K: (0, 2), Kind.Q6_K: (208,)}
        blocks = data.reshape(-1, size)
        for offset in halves[kind]:
            scale = numbers.uniform(0.01, 0.1, len(blocks)).astype(np.float16)
            blocks[:, offset:offset + 2] = scale.view(np.uint8).reshape(-1, 2)
        writer.add_tensor(f"{kind.name.lower()}.weight", data, raw_dtype=kind)
        expected[f"{kind.name.lower()}.weight"] = library.quants.dequantize(data, kind).reshape(values.shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save({k: torch.tensor(np.ascontiguousarray(v, np.float32)) for k, v in expected.items()},
         path / "expected.safetensors")


def torch_files():
    path = folder("torch")
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([[5.0]])
    torch.save({"model": {"encoder.a": a, "encoder.b": b}, "ema": {"encoder.a": a + 2, "encoder.b": b + 2},
                "optimizer": {"state": {0: {"exp_avg": a}}}}, path / "ema.pt")
    model = torch.nn.ModuleDict({"encoder": torch.nn.ModuleList([torch.compile(torch.nn.Linear(2, 2))])})
    torch.save(model.state_dict(), path / "compiled.pt")
    values = torch.tensor([1.0, -2.0])
    torch.save({
        "a": values, "sparse": torch.eye(3).to_sparse(), "nested": torch.nested.nested_tensor([values, values[:1]]),
        "quantised": torch.quantize_per_tensor(values, 0.1, 0, torch.qint8), "meta": torch.empty(3, device="meta"),
    }, path / "kinds.pt")
    torch.save({"a": torch._neg_view(torch.tensor([1.0, -2.0, 3.0]))}, path / "negative.pt")
    torch.manual_seed(7)
    layer = torch.nn.Linear(6, 4)
    torch.nn.utils.prune.l1_unstructured(layer, "weight", amount=0.5)
    torch.save(layer.state_dict(), path / "pruned.pt")
    torch.nn.utils.prune.remove(layer, "weight")
    save(layer.state_dict(), path / "pruned-expected.safetensors")
    for step in (90, 500):
        run = path / f"run/checkpoint-{step}"
        run.mkdir(parents=True)
        save({"a": a}, run / "model.safetensors")
    optimiser = torch.optim.Adam([torch.nn.Parameter(a.clone())])
    optimiser.param_groups[0]["params"][0].sum().backward()
    optimiser.step()
    torch.save(optimiser.state_dict(), run / "optimizer.pt")
    torch.save(torch.optim.lr_scheduler.StepLR(optimiser, 2).state_dict(), run / "scheduler.pt")
    torch.save({"python": (3, (1, 2), None), "numpy": np.random.get_state(), "cpu": torch.get_rng_state()},
               run / "rng_state.pth")
    torch.save(torch.get_rng_state(), run / "rng_state_0.pth")


def hf_worker(rank, paths):
    import os

    import torch.distributed as dist
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint import HuggingFaceStorageWriter
    from torch.distributed.tensor import Shard, distribute_tensor
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29517")
    dist.init_process_group("gloo", rank=rank, world_size=2)
    mesh = dist.device_mesh.init_device_mesh("cpu", (2,))
    state = {"encoder.a": torch.arange(30.0).reshape(5, 6), "encoder.b": torch.arange(7.0)}
    blocks = {"encoder.a": distribute_tensor(state["encoder.a"], mesh, [Shard(1)]),
              "encoder.b": distribute_tensor(state["encoder.b"], mesh, [Shard(0)])}
    dcp.save(blocks, storage_writer=HuggingFaceStorageWriter(paths[0], save_distributed=True))
    dcp.save(blocks, checkpoint_id=paths[1])
    dist.destroy_process_group()


def distributed():
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint import HuggingFaceStorageWriter

    state = {"encoder.a": torch.arange(30.0).reshape(5, 6), "encoder.b": torch.arange(7.0)}
    save(state, target / "hf-expected.safetensors")
    dcp.save(state, storage_writer=HuggingFaceStorageWriter(
        folder("hf-distributed"), fqn_to_index_mapping={"encoder.a": 1, "encoder.b": 2}, save_distributed=True))
    paths = [str(folder("hf-blocks")), str(folder("dcp-blocks"))]
    torch.multiprocessing.spawn(hf_worker, (paths,), nprocs=2)
    dcp.save({"model": state, "step": 3}, checkpoint_id=folder("dcp"))


def ggml():
    """whisper.cpp's layout, as its models/convert-pt-to-ggml.py writes it, with gguf-py's quantisation."""
    import struct

    import gguf as library
    from gguf.constants import GGMLQuantizationType as Kind

    path = folder("ggml")
    numbers = np.random.default_rng(8)
    expected = {}
    with open(path / "ggml-tiny.bin", "wb") as out:
        out.write(struct.pack("<I11i", 0x67676D6C, 2, 10, 32, 2, 1, 8, 32, 2, 1, 4, 8))
        out.write(struct.pack("<2i", 4, 3) + numbers.random((4, 3), np.float32).tobytes())
        out.write(struct.pack("<i", 2))
        for token in (b"a", b"bc"):
            out.write(struct.pack("<I", len(token)) + token)
        for name, shape, kind in (
            ("encoder.conv1.weight", (32, 4, 3), Kind.F16), ("encoder.conv1.bias", (32, 1), Kind.F32),
            ("encoder.blocks.0.attn.query.weight", (32, 32), Kind.Q5_0), ("encoder.ln_post.weight", (32,), Kind.F32),
        ):
            values = numbers.standard_normal(shape).astype(np.float32)
            data = values.astype(np.float16) if kind == Kind.F16 else (
                library.quants.quantize(values, kind) if kind == Kind.Q5_0 else values)
            encoded = name.encode()
            out.write(struct.pack("<3i", len(shape), len(encoded), kind))
            out.write(struct.pack(f"<{len(shape)}i", *reversed(shape)) + encoded + data.tobytes())
            value = library.quants.dequantize(data, kind).reshape(shape) if kind == Kind.Q5_0 else data
            value = np.asarray(value, np.float32)
            expected[name] = torch.tensor(value[:, 0] if name.endswith("conv1.bias") else value)
    save(expected, path / "expected.safetensors")


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.LayerNorm(4)
        self.query = torch.nn.Linear(4, 6)
        self.key = torch.nn.Linear(4, 6, bias=False)
        self.square = torch.nn.Linear(6, 6)
        self.out = torch.nn.Linear(6, 4)

    def forward(self, x):
        x = self.norm(x)
        return self.out(self.square(torch.tanh(self.query(x)) * self.key(x)))


class Net(torch.nn.Module):
    """One of each layer whose weights exporters keep in their own way."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv1d(1, 4, 5, stride=2)
        self.group = torch.nn.GroupNorm(4, 4)
        self.position = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(4, 4, 3, padding=1, groups=2), dim=2)
        self.layers = torch.nn.ModuleList([Layer()])

    def forward(self, x):
        x = self.group(self.conv(x[:, None]))
        return self.layers[0]((x + self.position(x)).transpose(1, 2))


def net():
    torch.manual_seed(9)
    model = Net().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
        # Of equal tensors exporters keep one.
        model.layers[0].norm.bias.zero_()
        model.layers[0].out.bias.zero_()
    return model


class Joint(torch.nn.Module):
    """Attention as WavLM has it, by PyTorch's function with a weight each for queries, keys and values."""

    def __init__(self):
        super().__init__()
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, torch.nn.Linear(6, 6))

    def forward(self, x):
        x = x.transpose(0, 1)
        y = torch.nn.functional.multi_head_attention_forward(
            x, x, x, 6, 2, torch.empty([0]), torch.cat((self.q_proj.bias, self.k_proj.bias, self.v_proj.bias)), None, None,
            False, 0.0, self.out_proj.weight, self.out_proj.bias, False, None, False, None, use_separate_proj_weight=True,
            q_proj_weight=self.q_proj.weight, k_proj_weight=self.k_proj.weight, v_proj_weight=self.v_proj.weight)[0]
        return y.transpose(0, 1)


def joint():
    """The same in ONNX: products in the attention's own name."""
    path = folder("onnx-joint")
    torch.manual_seed(10)

    class Whole(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList([Joint(), Joint()])

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x
    model = Whole().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    save(model.state_dict(), path / "expected.safetensors")
    for name, dynamo in (("traced", False), ("exported", True)):
        more = dict(external_data=False) if dynamo else dict(opset_version=17)
        torch.onnx.export(model, (torch.randn(1, 9, 6),), path / f"{name}.onnx", dynamo=dynamo, **more)


def onnx():
    """ONNX by both of PyTorch's exporters, by torch.export with its weights in a file beside it."""
    path = folder("onnx")
    model = net()
    save(model.state_dict(), path / "expected.safetensors")
    sound = torch.randn(1, 40)
    torch.onnx.export(model, (sound,), path / "traced.onnx", dynamo=False, opset_version=17)
    torch.onnx.export(model, (sound,), path / "exported.onnx", dynamo=True, external_data=False)
    import onnx as library
    graph = library.load(path / "exported.onnx")
    library.save_model(graph, path / "apart.onnx", save_as_external_data=True, location="apart.bin", size_threshold=0)
    # Weights of eight bits.
    weight = library.numpy_helper.from_array(np.ones((4, 3), np.uint8), "weight")
    scale = library.numpy_helper.from_array(np.float32(0.1), "scale")
    node = library.helper.make_node("DequantizeLinear", ["weight", "scale"], ["y"], name="dequantise")
    out = library.helper.make_tensor_value_info("y", library.TensorProto.FLOAT, [4, 3])
    library.save(library.helper.make_model(library.helper.make_graph([node], "g", [], [out], [weight, scale]),
                                           producer_name="onnx.quantize"), path / "quantised.onnx")


def torch_export():
    path = folder("torch-export")
    model = net()
    # In another order in memory, and of half precision.
    square = model.layers[0].square
    square.weight = torch.nn.Parameter(square.weight.detach().T.contiguous().T)
    model.gain = torch.nn.Parameter(torch.randn(3).bfloat16())
    save(model.state_dict(), path / "expected.safetensors")
    torch.export.save(torch.export.export(model, (torch.randn(1, 40),)), path / "net.pt2")


def flax():
    """Parameters of Flax beside PyTorch's, with which the same layers give the same."""
    path = folder("flax")
    import flax as library
    import jax
    import flax.linen as nn

    class Flax(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Conv(6, (3,), strides=2, padding="VALID", name="conv")(x)
            x = nn.LayerNorm(epsilon=1e-5, name="norm")(x)
            x = x + nn.Embed(16, 6, name="positions")(np.arange(x.shape[1]))
            x = nn.BatchNorm(use_running_average=True, epsilon=1e-5, name="batch")(x)
            return nn.Dense(6, name="square")(nn.tanh(x))

    class Torch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(4, 6, 3, stride=2)
            self.norm = torch.nn.LayerNorm(6)
            self.positions = torch.nn.Embedding(16, 6)
            self.batch = torch.nn.BatchNorm1d(6)
            self.square = torch.nn.Linear(6, 6)

        def forward(self, x):
            x = self.norm(self.conv(x.transpose(1, 2)).transpose(1, 2))
            x = self.batch((x + self.positions.weight[:x.shape[1]]).transpose(1, 2)).transpose(1, 2)
            return self.square(torch.tanh(x))

    model, numbers = Flax(), np.random.default_rng(3)
    sound = numbers.standard_normal((1, 21, 4)).astype(np.float32)
    variables = jax.tree_util.tree_map(
        lambda x: np.asarray(x) + np.abs(0.3 * numbers.standard_normal(x.shape)).astype(np.float32),
        model.init(jax.random.PRNGKey(0), sound))
    same = Torch().eval()
    p, b = variables["params"], variables["batch_stats"]["batch"]
    state = {"conv.weight": p["conv"]["kernel"].transpose(2, 1, 0), "conv.bias": p["conv"]["bias"],
             "norm.weight": p["norm"]["scale"], "norm.bias": p["norm"]["bias"],
             "positions.weight": p["positions"]["embedding"], "batch.weight": p["batch"]["scale"],
             "batch.bias": p["batch"]["bias"], "batch.running_mean": b["mean"], "batch.running_var": b["var"],
             "square.weight": p["square"]["kernel"].T, "square.bias": p["square"]["bias"]}
    state = {k: torch.tensor(np.ascontiguousarray(v)) for k, v in state.items()}
    same.load_state_dict(state, strict=False)
    with torch.no_grad():
        error = np.abs(same(torch.tensor(sound)).numpy() - np.asarray(model.apply(variables, sound))).max()
    assert error < 1e-5, error
    save(state, path / "expected.safetensors")
    (path / "flax_model.msgpack").write_bytes(library.serialization.to_bytes(variables))
    # As transformers wrote it: the parameters alone.
    (path / "parameters.msgpack").write_bytes(library.serialization.to_bytes(variables["params"]))


def awq():
    """A layer as AutoAWQ packs it, with halves for its scales, and the values that its own unpacking gives."""
    from awq.modules.linear.gemm import WQLinear_GEMM
    from awq.utils.packing_utils import dequantize_gemm

    torch.manual_seed(11)
    path, group = folder("awq"), 32
    layer = torch.nn.Linear(64, 64)
    parts = layer.weight.detach().reshape(-1, group)
    low, high = parts.amin(1, keepdim=True), parts.amax(1, keepdim=True)
    scales = ((high - low) / 15).half().float()
    zeros = (-(low / scales).round()).clamp(0, 15)
    layer.weight.data = ((((parts / scales).round() + zeros).clamp(0, 15) - zeros) * scales).reshape(layer.weight.shape)
    packed = WQLinear_GEMM.from_linear(layer, 4, group, False, scales.reshape(64, -1).T.contiguous(),
                                       zeros.reshape(64, -1).T.contiguous())
    save({f"q_proj.{k}": v for k, v in packed.state_dict().items()}, path / "model.safetensors")
    settings = {"quant_method": "awq", "bits": 4, "group_size": group, "zero_point": True, "version": "gemm"}
    (path / "config.json").write_text(json.dumps({"quantization_config": settings}) + "\n")
    values = dequantize_gemm(packed.qweight, packed.qzeros, packed.scales, 4, group).T
    save({"q_proj.weight": values.float()}, path / "expected.safetensors")


def refused():
    """State dicts of other libraries' quantised layers, and one in parts, as torch.save writes them."""
    path = folder("refused")

    def layer():
        torch.manual_seed(12)
        return torch.nn.Sequential(torch.nn.Linear(64, 8))
    from torchao.quantization import Int8WeightOnlyConfig, quantize_
    model = layer()
    quantize_(model, Int8WeightOnlyConfig())
    torch.save(model.state_dict(), path / "torchao.pt")
    from hqq.core.quantize import BaseQuantizeConfig, HQQLinear
    model = layer()
    model[0] = HQQLinear(model[0], BaseQuantizeConfig(nbits=4, group_size=64), compute_dtype=torch.float32, device="cpu")
    torch.save(model.state_dict(), path / "hqq.pt")
    from optimum import quanto
    model = layer()
    quanto.quantize(model, weights=quanto.qint8)
    quanto.freeze(model)
    torch.save(model.state_dict(), path / "quanto.pt")
    import os

    import torch.distributed as dist
    from torch.distributed.tensor import Shard, distribute_tensor
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29518")
    dist.init_process_group("gloo", rank=0, world_size=1)
    mesh = dist.device_mesh.init_device_mesh("cpu", (1,))
    torch.save({k: distribute_tensor(v, mesh, [Shard(0)]) for k, v in layer().state_dict().items()}, path / "dtensor.pt")
    dist.destroy_process_group()


def foreign():
    """Files that are refused with the command that converts them."""
    path = folder("foreign")
    layer = torch.nn.Linear(4, 3)
    import h5py
    with h5py.File(path / "layer.h5", "w") as file:
        file["kernel"] = layer.weight.detach().numpy().T
    import ctranslate2
    spec = ctranslate2.specs.TransformerEncoderModelSpec(ctranslate2.specs.TransformerEncoderSpec(1, 2))
    # Only the beginning, which names it.
    name = spec.name.encode() + b"\0"
    import struct
    (path / "model.bin").write_bytes(struct.pack("<IH", 6, len(name)) + name + struct.pack("<II", 1, 0))
    import os
    os.environ["KERAS_BACKEND"] = "torch"
    try:
        import keras
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        model.save(path / "layer.keras")
    except ImportError as error:
        print("without Keras:", error)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["adapters", "bitsandbytes", "float8", "numpy_types", "mlx", "gguf", "torch_files", "distributed",
                             "ggml", "onnx", "joint", "torch_export", "flax", "awq", "refused", "foreign"]:
        print(name)
        globals()[name]()
