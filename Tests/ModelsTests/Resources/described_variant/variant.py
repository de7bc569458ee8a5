"""Makes this folder: `python3 variant.py` (torch 2.13.0, numpy, safetensors).

Layers that the reference models do not have, with fixed random weights, and their outputs computed in float64 and
rounded: every 1-d output [frames × width], every 2-d one [channels × frames × frequencies].
"""

import numpy
import torch
from safetensors.numpy import save_file
from torch import nn

torch.manual_seed(5)
layers = nn.ModuleDict({
    "plane": nn.Conv2d(1, 6, (5, 3), stride=(2, 1), padding=(2, 1), dilation=(1, 2)),  # frequency before time
    "groups": nn.GroupNorm(3, 6),
    "pool": nn.AvgPool2d((3, 2), stride=(2, 1), padding=(1, 0)),
    "depth": nn.Conv1d(18, 18, 3, padding=2, dilation=2, groups=18),
    "batch": nn.BatchNorm1d(18, eps=1e-3),
    "narrow": nn.Linear(18, 16),
    "norm": nn.LayerNorm(16),
    "inner": nn.Linear(16, 16),
    "shortcut": nn.Linear(16, 16, bias=False),
    "first": nn.TransformerEncoderLayer(16, 4, 24, activation="gelu", norm_first=True, batch_first=True),
    "last": nn.TransformerEncoderLayer(16, 2, 24, batch_first=True),
    "onward": nn.LSTM(16, 7, batch_first=True),
    "bothways": nn.GRU(7, 5, bidirectional=True, bias=False, batch_first=True),
})
layers.register_parameter("table", nn.Parameter(torch.randn(40, 16)))
with torch.no_grad():
    for name, value in layers.named_parameters():
        value.add_(0.2 * torch.randn_like(value))
    layers["batch"].running_mean.normal_()
    layers["batch"].running_var.uniform_(0.5, 2)
layers.double().eval()

x = torch.randn(37, 10).double()
found = {"input": x}


def keep(name, value):
    found[name] = value
    return value


with torch.no_grad():
    y = keep("plane", layers["plane"](x.T[None, None]))
    y = keep("groups", layers["groups"](y))
    y = keep("leaky", nn.functional.leaky_relu(y, 0.2))
    y = keep("pool", layers["pool"](y))
    y = y.flatten(1, 2)
    y = keep("depth", layers["depth"](y))
    y = keep("batch", layers["batch"](y))
    y = keep("tanh", y.tanh())
    y = keep("narrow", layers["narrow"](y.transpose(1, 2)))
    y = keep("norm", layers["norm"](y))
    y = keep("residual", keep("inner", layers["inner"](y).clamp(-0.5, 0.75)) + layers["shortcut"](y))
    y = keep("table", y + layers.table[:y.shape[1]])
    position = torch.arange(y.shape[1])[:, None] / 10000 ** (torch.arange(0, 16, 2) / 16)
    y = keep("sinusoids", y + torch.stack([position.sin(), position.cos()], 2).reshape(y.shape[1], 16).double())
    y = keep("first", layers["first"](y))
    y = keep("last", layers["last"](y))
    y = keep("onward", layers["onward"](y)[0])
    y = keep("bothways", layers["bothways"](y)[0])
    y = keep("sigmoid", y.sigmoid())

values = {}
for name, value in found.items():
    value = value[0] if value.shape[0] == 1 else value
    if name in ("plane", "groups", "leaky", "pool"):
        value = value.transpose(1, 2)
    elif name in ("depth", "batch", "tanh"):
        value = value.T
    values[name] = numpy.ascontiguousarray(value.float().numpy())
save_file(values, "values.safetensors")
save_file({name: value.float().numpy() for name, value in layers.state_dict().items()
           if value.is_floating_point()}, "model.safetensors")
