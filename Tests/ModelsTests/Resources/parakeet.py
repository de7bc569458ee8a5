"""Makes parakeet/ and nemo/: `python3 parakeet.py` (torch, transformers 5.24.0, safetensors, soundfile), run here.

A tiny Parakeet with a CTC head and fixed random weights, away from ones and zeros so that one left out would show, and
what transformers computes from it in float64, rounded to float32: hidden states (`0` … `N`, `0` what enters the first
block), attention weights (`attn.i`), `logits`. The log-mel is transformers' own in float32. nemo/ has the same weights
under NeMo's names.
"""

import re
import shutil
from pathlib import Path

import numpy
import soundfile
import torch
from safetensors.torch import save_file
from transformers import ParakeetCTCConfig, ParakeetEncoderConfig, ParakeetFeatureExtractor, ParakeetForCTC

here = Path(__file__).parent
folder = here / "parakeet"
folder.mkdir(exist_ok=True)
encoder = ParakeetEncoderConfig(
    hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, conv_kernel_size=9,
    subsampling_conv_channels=12, num_mel_bins=80)
config = ParakeetCTCConfig(vocab_size=11, pad_token_id=10, encoder_config=encoder.to_dict())
config._attn_implementation = "eager"
model = ParakeetForCTC(config).eval()
generator = torch.Generator().manual_seed(11)
for name, value in model.state_dict().items():
    if not value.is_floating_point():
        continue
    noise = torch.randn(value.shape, generator=generator)
    if name.endswith("running_var"):
        value.copy_(1 + 0.2 * noise.abs())
    elif value.dim() < 2:
        value.copy_((1 if "norm" in name and name.endswith("weight") else 0) + 0.2 * noise)
    else:
        value.copy_(noise * (1.5 / value[0].numel()) ** 0.5)
model.save_pretrained(folder)

shutil.copyfile(here / "conformer_rope" / "input.wav", folder / "input.wav")
wave, rate = soundfile.read(folder / "input.wav", dtype="float32")
extractor = ParakeetFeatureExtractor()
extractor.save_pretrained(folder)
inputs = extractor(wave, sampling_rate=rate, return_tensors="pt")
count = int(inputs.attention_mask.sum())
numpy.save(folder / "input_features.npy", inputs.input_features[0, :count].numpy())

kept = {}
model = model.double()
model.encoder.layers[0].register_forward_pre_hook(lambda _, args, kwargs: kept.update(
    {"0": (args[0] if args else kwargs["hidden_states"])[0]}), with_kwargs=True)
for index, layer in enumerate(model.encoder.layers):
    layer.register_forward_hook(lambda _, __, output, key=str(index + 1): kept.update({key: output[0]}))
with torch.no_grad():
    features = inputs.input_features[:, :count].double()
    result = model(features, output_attentions=True)
kept.update({f"attn.{index}": weights[0] for index, weights in enumerate(result.attentions)})
kept["logits"] = result.logits[0]
save_file({key: value.float().contiguous() for key, value in kept.items()}, folder / "hidden_states.safetensors")

nemo = here / "nemo"
nemo.mkdir(exist_ok=True)
renames = [
    (r"subsampling\.layers", "pre_encode.conv"), (r"subsampling\.linear", "pre_encode.out"),
    (r"conv\.norm", "conv.batch_norm"), (r"self_attn\.([qkv])_proj", r"self_attn.linear_\1"),
    (r"self_attn\.o_proj", "self_attn.linear_out"), (r"self_attn\.relative_k_proj", "self_attn.linear_pos"),
    (r"self_attn\.bias_", "self_attn.pos_bias_"), (r"ctc_head", "decoder.decoder_layers.0"),
]
weights = {}
for name, value in model.float().state_dict().items():
    for pattern, replacement in renames:
        name = re.sub(pattern, replacement, name)
    weights[name] = value.clone()
weights["preprocessor.featurizer.window"] = torch.hann_window(400, periodic=False)
torch.save(weights, nemo / "model_weights.ckpt")
