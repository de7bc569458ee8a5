"""Makes the folders wav2vec2_variant, hubert_variant and mms_variant: settings that the other references do not have.

`python3 variants.py` (torch, transformers 5.24.0, safetensors, soundfile); values are computed in float64 and
rounded to float32. All text and code here is ours; weights are random.
"""

import shutil
from pathlib import Path

import soundfile
import torch
from safetensors.torch import save_file
from transformers import (HubertConfig, HubertModel, Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model)

here = Path(__file__).parent
small = dict(hidden_size=24, num_attention_heads=3, num_hidden_layers=2, intermediate_size=40,
             num_conv_pos_embedding_groups=4, layerdrop=0.0, mask_time_prob=0.0, attn_implementation="eager")
variants = {
    # Layer norm in the convolutions but blocks that normalise last; other kernels and strides; an odd kernel.
    "wav2vec2_variant": (Wav2Vec2Model, Wav2Vec2Config(
        **small, conv_dim=[12, 16, 20, 16], conv_kernel=[9, 5, 3, 4], conv_stride=[4, 3, 2, 3], conv_bias=True,
        feat_extract_norm="layer", feat_extract_activation="relu", hidden_act="gelu_new",
        num_conv_pos_embeddings=31)),
    # Batch norm before the positional convolution, no norm before the projection.
    "hubert_variant": (HubertModel, HubertConfig(
        **small, conv_dim=[12, 16, 16], conv_kernel=[10, 8, 5], conv_stride=[5, 4, 4],
        feat_extract_activation="silu", hidden_act="gelu_pytorch_tanh", feat_proj_layer_norm=False,
        conv_pos_batch_norm=True, num_conv_pos_embeddings=16)),
    # An adapter behind each block.
    "mms_variant": (Wav2Vec2Model, Wav2Vec2Config(
        **small, conv_dim=[12, 16, 16], conv_kernel=[10, 8, 5], conv_stride=[5, 4, 4], conv_bias=True,
        feat_extract_norm="layer", do_stable_layer_norm=True, hidden_act="silu", num_conv_pos_embeddings=16,
        adapter_attn_dim=6)),
}
for number, (name, (kind, config)) in enumerate(variants.items()):
    torch.manual_seed(number)
    folder = here / name
    folder.mkdir(exist_ok=True)
    model = kind(config).eval()
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if tensor.ndim == 1 and tensor.is_floating_point():
                tensor += 0.2 * torch.rand_like(tensor)
    model.save_pretrained(folder)
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True)
    extractor.save_pretrained(folder)
    wave, rate = soundfile.read(here / "hubert_large" / "input.wav", dtype="float32")
    wave = wave[:6000]
    soundfile.write(folder / "input.wav", wave, rate, subtype="PCM_16")
    values = extractor(wave, sampling_rate=rate, return_tensors="pt").input_values
    model = model.double()
    kept = {}
    for layer, module in enumerate(model.feature_extractor.conv_layers):
        module.register_forward_hook(
            lambda _, __, output, layer=layer: kept.update({f"conv.{layer}": output[0]}))
    model.feature_projection.register_forward_hook(
        lambda _, __, output: kept.update(proj=output[0][0] if isinstance(output, tuple) else output[0]))
    with torch.no_grad():
        result = model(values.double(), output_hidden_states=True, output_attentions=True)
    kept.update({str(i): state[0] for i, state in enumerate(result.hidden_states)})
    kept.update({f"attn.{i}": weights[0] for i, weights in enumerate(result.attentions)})
    kept["last_hidden_state"] = result.last_hidden_state[0]
    for key, step in {"conv.0": 8, "conv.1": 4, "conv.2": 2}.items():
        kept[key] = kept[key][..., ::step]
    save_file({key: value.float().contiguous() for key, value in kept.items()}, folder / "hidden_states.safetensors")
