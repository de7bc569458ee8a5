"""Makes gradients.safetensors: what autograd finds for the tiny models of ../../ModelsTests/Resources.

`python3 gradients.py` (torch, transformers 5.24.0, safetensors, soundfile); computed in float64, rounded to float32.
The target is a weighted sum of the deepest layer, with weights sin(0.37 i) over its values in row-major order. Kept for
each model: the target's gradient at `hidden.0`, at the middle hidden layer, and at the input (every fourth sample of
the waveform; whisper's log-mel from its first frame on, w2v-BERT's features). All text and code here is ours.
"""

import sys
from pathlib import Path

import numpy
import soundfile
import torch
from safetensors.torch import save_file
from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForAudioClassification,
    AutoModelForCTC,
    WhisperForConditionalGeneration,
)

here = Path(__file__).parent
models = here.parent.parent / "ModelsTests" / "Resources"
names = [
    "wav2vec2_base", "wavlm_base", "hubert_variant", "mms_variant", "wav2vec2_variant", "data2vec_audio", "whisper",
    "conformer_rel", "conformer_rope", "w2v_bert",
]
kept = {}
for name in names:
    folder = models / name
    config = AutoConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    model = AutoModel.from_pretrained(folder, config=config).double().eval()
    wave, rate = soundfile.read(folder / "input.wav", dtype="float32")
    if name == "whisper":
        values = torch.from_numpy(numpy.load(folder / "input_features.npy")).double()
        values = values.reshape(1, config.num_mel_bins, -1).requires_grad_()
        result = model.encoder(values, output_hidden_states=True)
        last = result.last_hidden_state
        frames = (len(wave) + 319) // 320
        target = last[:, :frames]
    elif name == "w2v_bert":
        values = torch.from_numpy(numpy.load(folder / "input_features.npy")).double()[None].requires_grad_()
        result = model(values, output_hidden_states=True)
        target = result.last_hidden_state
    else:
        extractor = AutoFeatureExtractor.from_pretrained(folder)
        values = extractor(wave, sampling_rate=rate, return_tensors="pt").input_values.double().requires_grad_()
        result = model(values, output_hidden_states=True)
        target = result.last_hidden_state
    middle = len(result.hidden_states) // 2
    weights = torch.sin(0.37 * torch.arange(target.numel(), dtype=torch.float64)).reshape(target.shape)
    states = [result.hidden_states[0], result.hidden_states[middle]]
    gradients = torch.autograd.grad((target * weights).sum(), [values, *states])
    kept[f"{name}.hidden.0"] = gradients[1][0]
    kept[f"{name}.hidden.{middle}"] = gradients[2][0]
    if name == "whisper":
        kept[f"{name}.input"] = gradients[0][0].T[: 2 * frames]
        kept[f"{name}.hidden.0"] = gradients[1][0][:frames]
        kept[f"{name}.hidden.{middle}"] = gradients[2][0][:frames]
    elif name == "w2v_bert":
        kept[f"{name}.input"] = gradients[0][0]
    else:
        kept[f"{name}.input"] = gradients[0][0, ::4]

# The Audio Spectrogram Transformer: the target is a weighted sum of the logits; hidden states are of tokens.
folder = models / "ast"
config = AutoConfig.from_pretrained(folder)
config._attn_implementation = "eager"
model = AutoModelForAudioClassification.from_pretrained(folder, config=config).double().eval()
values = torch.from_numpy(numpy.load(folder / "input_values.npy")).double()
values = values.reshape(1, config.max_length, config.num_mel_bins).requires_grad_()
result = model(values, output_hidden_states=True)
weights = torch.sin(0.37 * torch.arange(result.logits.numel(), dtype=torch.float64)).reshape(result.logits.shape)
gradients = torch.autograd.grad((result.logits * weights).sum(), [values, result.hidden_states[1]])
kept["ast.input"], kept["ast.hidden.1"] = gradients[0][0, ::4], gradients[1][0]

# Whisper's decoder: the target is a weighted sum of the logits; the gradient goes through both attentions.
folder = models / "whisper"
config = AutoConfig.from_pretrained(folder)
config._attn_implementation = "eager"
model = WhisperForConditionalGeneration.from_pretrained(folder, config=config).double().eval()
wave, rate = soundfile.read(folder / "input.wav", dtype="float32")
frames = (len(wave) + 319) // 320
values = torch.from_numpy(numpy.load(folder / "input_features.npy")).double()
values = values.reshape(1, config.num_mel_bins, -1).requires_grad_()
tokens = torch.from_numpy(numpy.load(folder / "decoder_input_ids.npy")).long().reshape(1, -1)
result = model(values, decoder_input_ids=tokens, output_hidden_states=True)
weights = torch.sin(0.37 * torch.arange(result.logits.numel(), dtype=torch.float64)).reshape(result.logits.shape)
places = [values, result.encoder_hidden_states[1], result.decoder_hidden_states[1]]
gradients = torch.autograd.grad((result.logits * weights).sum(), places)
kept["decoder.input"] = gradients[0][0].T[: 2 * frames]
kept["decoder.hidden.1"] = gradients[1][0][:frames]
kept["decoder.decoder.hidden.1"] = gradients[2][0]
kept["decoder.tokens"] = tokens[0]

# Parakeet: the target is a weighted sum of the CTC logits; the gradient goes back to the log-mel.
folder = models / "parakeet"
config = AutoConfig.from_pretrained(folder)
config._attn_implementation = "eager"
model = AutoModelForCTC.from_pretrained(folder, config=config).double().eval()
values = torch.from_numpy(numpy.load(folder / "input_features.npy")).double()[None].requires_grad_()
states = []
model.encoder.layers[0].register_forward_pre_hook(
    lambda _, args, kwargs: states.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True)
model.encoder.layers[0].register_forward_hook(lambda _, __, output: states.append(output))
result = model(values)
weights = torch.sin(0.37 * torch.arange(result.logits.numel(), dtype=torch.float64)).reshape(result.logits.shape)
gradients = torch.autograd.grad((result.logits * weights).sum(), [values, *states])
for place, gradient in zip(["input", "hidden.0", "hidden.1"], gradients):
    kept[f"parakeet.{place}"] = gradient[0]

# ATST-Frame, by the definition that its hidden states were made with: the target is a weighted sum of the last state.
folder = models / "atst"
sys.path.insert(0, str(models))
from atst import hidden_states  # noqa: E402

state = torch.load(folder / "model.ckpt", weights_only=False)["state_dict"]
prefix = "model.teacher.encoder."
teacher = {name.removeprefix(prefix): value.double() for name, value in state.items() if name.startswith(prefix)}
values = torch.from_numpy(numpy.load(folder / "input_features.npy")).double().requires_grad_()
states = hidden_states(values.T, teacher)
target = states["last_hidden_state"]
weights = torch.sin(0.37 * torch.arange(target.numel(), dtype=torch.float64)).reshape(target.shape)
gradients = torch.autograd.grad((target * weights).sum(), [values, states["0"], states["1"]])
for place, gradient in zip(["input", "hidden.0", "hidden.1"], gradients):
    kept[f"atst.{place}"] = gradient

save_file({key: value.float().contiguous() for key, value in kept.items()}, here / "gradients.safetensors")
