"""Makes the small files of this folder with PyTorch and NumPy, and expected.json with what is in them.

python make.py (with torch and numpy installed). Values are small whole numbers, so that every type holds them.
"""
import collections, datetime, enum, io, json, os, pathlib, pickle, sys, types, zipfile
import numpy as np
import torch
from torch import nn

here = os.path.dirname(os.path.abspath(__file__))


def at(name):
    return os.path.join(here, name)


def ramp(*shape, dtype=torch.float32):
    count = int(np.prod(shape)) if shape else 1
    return torch.arange(count).reshape(shape).to(dtype)


expected = {}


def note(file, tensors):
    expected[file] = {k: [list(v.shape), np.asarray(v).astype("<f8").ravel().tolist()] for k, v in tensors.items()}


# An archive packed again by somebody's zip program.
state = {"w": ramp(40, 30), "b": ramp(7), "t": ramp(40, 30).t()}
buffer = io.BytesIO()
torch.save(state, buffer)
with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(at("deflated.pt"), "w", zipfile.ZIP_DEFLATED) as new:
    for entry in old.infolist():
        new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry), zipfile.ZIP_DEFLATED)
note("deflated.pt", state)

# Every entry with zip64 fields, whatever its size.
with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(at("zip64.pt"), "w") as new:
    for entry in old.infolist():
        with new.open(zipfile.ZipInfo(entry.filename), "w", force_zip64=True) as out:
            out.write(old.read(entry))
note("zip64.pt", state)


# A whole module instead of its state dict.
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1, bias=False))
        self.scale = nn.Parameter(ramp(2))
        self.register_buffer("seen", torch.tensor(5))


Encoder.__module__ = "acme.models"
sys.modules["acme"] = types.ModuleType("acme")
sys.modules["acme.models"] = types.ModuleType("acme.models")
sys.modules["acme.models"].Encoder = Encoder
model = Encoder()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_(ramp(*parameter.shape))
torch.save(model, at("module.pt"))
note("module.pt", {k: v for k, v in model.state_dict().items()})


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 3)

    def forward(self, x):
        return self.inner(x)


plain = Plain()
with torch.no_grad():
    for parameter in plain.parameters():
        parameter.copy_(ramp(*parameter.shape))
torch.jit.save(torch.jit.script(plain), at("script.pt"))
note("script.pt", {k: v for k, v in plain.state_dict().items()})

# Types that have no typed storage.
kinds = {
    "u16": ramp(3, dtype=torch.uint16), "u32": ramp(3, dtype=torch.uint32), "u64": ramp(3, dtype=torch.uint64),
}
torch.save(kinds, at("unsigned.pt"))
note("unsigned.pt", kinds)
torch.save(
    {"w": ramp(2), "f8": ramp(3).to(torch.float8_e4m3fn), "c": ramp(3).to(torch.complex64)}, at("odd_types.pt"))


# Parameters and tensors of a subclass, a parameter with attributes.
class Tagged(torch.Tensor):
    pass


Tagged.__module__ = "acme.models"
sys.modules["acme.models"].Tagged = Tagged
parameter = nn.Parameter(ramp(2, 2))
parameter.note = "kept"
subclasses = {"tagged": ramp(3).as_subclass(Tagged), "parameter": parameter}
torch.save(subclasses, at("subclasses.pt"))
note("subclasses.pt", {k: v.detach().as_subclass(torch.Tensor) for k, v in subclasses.items()})


# Hyper-parameters as people have them.
class Colour(enum.Enum):
    RED = 1


class AttributeDict(dict):
    pass


class Config:
    def __init__(self, **values):
        self.__dict__.update(values)


for made in (Colour, AttributeDict, Config):
    made.__module__ = "acme.models"
    setattr(sys.modules["acme.models"], made.__name__, made)
for name, parent in (("DictConfig", "omegaconf.dictconfig"), ("ListConfig", "omegaconf.listconfig"),
                     ("AnyNode", "omegaconf.nodes")):
    sys.modules.setdefault("omegaconf", types.ModuleType("omegaconf"))
    module = sys.modules.setdefault(parent, types.ModuleType(parent))
    setattr(module, name, type(name, (), {"__module__": parent}))


def omega(value):
    if isinstance(value, dict):
        made = sys.modules["omegaconf.dictconfig"].DictConfig()
        made.__dict__.update(_metadata=None, _content={k: omega(v) for k, v in value.items()})
    elif isinstance(value, list):
        made = sys.modules["omegaconf.listconfig"].ListConfig()
        made.__dict__.update(_metadata=None, _content=[omega(v) for v in value])
    else:
        made = sys.modules["omegaconf.nodes"].AnyNode()
        made.__dict__.update(_metadata=None, _val=value)
    return made


parameters = {
    "colour": Colour.RED, "path": pathlib.PurePosixPath("/data/speech"), "when": datetime.date(2024, 5, 6),
    "space": types.SimpleNamespace(width=48), "attributes": AttributeDict(depth=3),
    "default": collections.defaultdict(int, a=1), "counter": collections.Counter("aab"),
    "omega": omega({"width": 48, "layers": [1, 2]}), "config": Config(secret=1), "array": np.arange(4) / 2,
    "int32": np.int32(7), "flag": np.bool_(True), "bytes": b"\x00\xff", "frozen": frozenset([3]), "weights": ramp(2),
    "bytearray": bytearray(b"ab"), "huge": 1 << 70, "negative": -(1 << 40), "complex": 1 + 2j, 5: "five",
    "type": torch.bfloat16, "slice": slice(1, 2), "function": torch.nn.functional.relu,
}
torch.save({"state_dict": {"w": ramp(2)}, "hyper_parameters": parameters}, at("parameters.ckpt"))

# NumPy: archives, orders, types; dictionaries pickled as such.
arrays = {
    "f4": np.arange(6, dtype="<f4").reshape(2, 3), "f8": np.arange(3, dtype="<f8"), "f2": np.arange(3, dtype="<f2"),
    "i4": np.arange(3, dtype="<i4"), "i8": np.arange(3, dtype="<i8"), "u1": np.arange(3, dtype="u1"),
    "b": np.array([True, False]), "fortran": np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)),
    "scalar": np.array(3.0, dtype="<f4"), "empty": np.zeros((0, 4), dtype="<f4"),
}
np.savez(at("stored.npz"), **arrays)
np.savez_compressed(at("compressed.npz"), names=np.array(["a", "bc"]), **arrays)
note("stored.npz", arrays)
note("compressed.npz", arrays)
np.save(at("single.npy"), arrays["fortran"])
note("single.npy", {"single": arrays["fortran"]})
np.save(at("big_endian.npy"), arrays["f4"].astype(">f4"))
np.savez(at("objects.npz"), o=np.array([{}], dtype=object))
for version in range(2, 6):
    numbers = {k: v for k, v in arrays.items() if k in ("f4", "fortran", "i8", "b")}
    with open(at(f"arrays_{version}.pkl"), "wb") as out:
        pickle.dump(numbers, out, protocol=version)
    note(f"arrays_{version}.pkl", numbers)
# Protocols 0 and 1 inside an archive: nobody writes them now, old tools did.
for version in (0, 1):
    with zipfile.ZipFile(at(f"protocol_{version}.pt"), "w") as out:
        out.writestr("archive/data.pkl", pickle.dumps({
            "weights": {"f4": arrays["f4"], "i8": arrays["i8"]}, "name": "d\u00e9j\u00e0 \U0001f600", "on": True,
            "rate": 0.5, "big": 1 << 70, "config": Config(width=3), "list": [1, -2, (3, 4)], "none": None,
        }, protocol=version))
    note(f"protocol_{version}.pt", {"f4": arrays["f4"], "i8": arrays["i8"]})

# The byte order of the machine that wrote a file.
torch.save({"w": ramp(2)}, buffer := io.BytesIO())
with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(at("big_endian.pt"), "w") as new:
    for entry in old.infolist():
        new.writestr(zipfile.ZipInfo(entry.filename), b"big" if entry.filename.endswith("byteorder") else old.read(entry))
torch.save({"w": ramp(2)}, buffer := io.BytesIO(), _use_new_zipfile_serialization=False)
legacy = buffer.getvalue()
key = pickle.BINUNICODE + len("little_endian").to_bytes(4, "little") + b"little_endian"
at_key = legacy.index(key) + len(key)
switch = legacy.index(pickle.NEWTRUE, at_key)
with open(at("big_endian_legacy.pt"), "wb") as out:
    out.write(legacy[:switch] + pickle.NEWFALSE + legacy[switch + 1:])

with open(at("expected.json"), "w") as out:
    json.dump(expected, out, separators=(",", ":"))
