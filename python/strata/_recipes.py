"""For each family of transformers: its layers under Strata's names, where they are in the model, and their times.

Layers are heard at the modules themselves rather than read from `hidden_states`, whose last entry is another value from
family to family and from version to version.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._errors import StrataError
from ._timing import Timing


@dataclass
class Layer:
    """`take` makes `[1, frames, width]` of a module's output, or of its first input where `of_input`."""

    name: str
    timing: Timing
    module: nn.Module
    of_input: bool = False
    take: Callable[[Tensor], Tensor] = lambda value: value


@dataclass
class Recipe:
    """How a model is run over samples (a 1-D array at `sampling_rate`), and what is heard meanwhile.

    `run` may return further layers by name, `[1, frames, width]`, whose timings stand in `extra`.
    """

    family: str
    sampling_rate: int
    layers: list[Layer]
    run: Callable[[Any], dict[str, Tensor] | None]
    extra: dict[str, Timing] = field(default_factory=dict)
    # Samples that are run at once; None for all.
    window: int | None = None
    # How many frames of a layer are sound, where frames of padding may follow.
    valid: Callable[[str, Timing, int], int] | None = None


def recipe(model: nn.Module, processor: Any) -> Recipe:
    """Raises `StrataError` for a model whose frame times are not known here."""
    config = model.config
    kind = config.model_type
    extractor = getattr(processor, "feature_extractor", processor)
    if kind in _CONVOLUTIONAL:
        return _convolutional(model, extractor)
    if kind in ("encodec", "dac", "mimi"):
        return {"encodec": _encodec, "dac": _dac, "mimi": _mimi}[kind](model, extractor)
    from ._towers import RECIPES  # which takes what recipes share from here

    make = _ENCODERS.get(kind) or RECIPES.get(kind)
    if make is not None:
        return make(model, extractor)
    if kind == "speech-encoder-decoder":
        return recipe(model.encoder, processor)
    if getattr(extractor, "sampling_rate", None) is None:
        raise StrataError(
            f"a model of type {kind} with {type(processor).__name__} does not read sound: its rows are tokens, which have no "
            "times. probe-layers reads text models and decoders itself: save the model with save_pretrained and give it "
            "the folder")
    raise StrataError(
        f"the frame times of a model of type {kind} are not known here. Say which modules to write, and their times: "
        'strata.export(…, layers={"hidden.1": "encoder.layers.0", …}, hop=0.02, first_centre=0.0125), in seconds')


# -- what recipes share -----------------------------------------------------------------------------------------------


def rate_of(extractor: Any, default: int = 16_000) -> int:
    return int(getattr(extractor, "sampling_rate", None) or default)


def tensors(model: nn.Module, inputs: Any) -> dict[str, Tensor]:
    """On the model's device and, where they are real numbers, of its type."""
    place = next(model.parameters())
    return {
        name: value.to(place.device, place.dtype if value.is_floating_point() else value.dtype)
        for name, value in inputs.items() if isinstance(value, torch.Tensor)}


def waveform(model: nn.Module, extractor: Any, samples: Any) -> Tensor:
    """[1, samples], as the extractor normalises it; as it is where there is none."""
    if extractor is None:
        return tensors(model, {"input_values": torch.as_tensor(samples)[None]})["input_values"]
    inputs = extractor(samples, sampling_rate=rate_of(extractor), return_tensors="pt")
    return tensors(model, inputs)["input_values"]


def blocks(layers: nn.ModuleList, timing: Timing, norm: nn.Module | None = None) -> list[Layer]:
    """`hidden.0` is what enters the first block, `hidden.k` what leaves block k; then the norm behind the last one."""
    found = [Layer("hidden.0", timing, layers[0], of_input=True)]
    found += [Layer(f"hidden.{number}", timing, block) for number, block in enumerate(layers, 1)]
    return found + ([Layer("final_norm", timing, norm)] if norm is not None else [])


def encoder_of(model: nn.Module, *attributes: str) -> nn.Module:
    """The first module inside, or the model itself, that has all of these attributes."""
    for module in model.modules():
        if all(hasattr(module, name) for name in attributes):
            return module
    raise StrataError(
        f"{type(model).__name__} holds no encoder with {', '.join(attributes)}: this version of transformers may have "
        "renamed them; say layers=, hop= and first_centre=")


def turned(value: Tensor) -> Tensor:
    """[1, width, frames] → [1, frames, width]"""
    return value.transpose(1, 2)


# -- models that hear the waveform through convolutions -----------------------------------------------------------------

_CONVOLUTIONAL = {
    "wav2vec2", "hubert", "wavlm", "mert_model", "unispeech", "unispeech-sat", "data2vec-audio", "wav2vec2-conformer", "sew"}


def _convolutional(model: nn.Module, extractor: Any) -> Recipe:
    config = model.config
    base = encoder_of(model, "feature_extractor", "encoder")
    rate = rate_of(extractor)
    times = Timing(rate).behind(config.conv_kernel, config.conv_stride)
    layers = [
        Layer(f"conv.{number}", timing, module, take=turned)
        for number, (timing, module) in enumerate(zip(times, base.feature_extractor.conv_layers, strict=True), 1)]
    frames = inner = times[-1]
    if isinstance(getattr(base, "feature_projection", None), nn.Module):
        layers.append(Layer("projection", frames, base.feature_projection))
    norm = valid = None
    if config.model_type == "sew":
        squeeze = config.squeeze_factor
        inner = frames.then(squeeze, squeeze)
        def valid(name: str, timing: Timing, samples: int) -> int:
            # What is stretched again is filled up with zeros to the frames there were.
            count = timing.frames(samples)
            return count // squeeze * squeeze if name in ("upsampled", "logits") else count
    elif config.model_type == "wav2vec2-conformer" or getattr(config, "do_stable_layer_norm", False):
        norm = base.encoder.layer_norm
    layers += blocks(base.encoder.layers, inner, norm)
    if config.model_type == "sew":
        layers.append(Layer("upsampled", frames, base.encoder.upsample))
    whole = base
    if isinstance(getattr(model, "lm_head", None), nn.Module):
        whole = model
        layers.append(Layer("logits", frames, model.lm_head))

    def run(samples: Any) -> None:
        whole(waveform(model, extractor, samples))
    return Recipe(config.model_type, rate, layers, run, valid=valid)


def _moonshine(model: nn.Module, extractor: Any) -> Recipe:
    encoder = encoder_of(model, "conv1", "conv2", "conv3", "groupnorm", "layers")
    rate = rate_of(extractor)
    convolutions = [encoder.conv1, encoder.conv2, encoder.conv3]
    times = Timing(rate).behind(
        [module.kernel_size[0] for module in convolutions], [module.stride[0] for module in convolutions])
    layers = [
        Layer("conv.1", times[0], encoder.groupnorm, take=turned),
        Layer("conv.2", times[1], encoder.conv2, take=lambda value: turned(F.gelu(value))),
        Layer("conv.3", times[2], encoder.conv3, take=lambda value: turned(F.gelu(value)))]
    layers += blocks(encoder.layers, times[2], encoder.layer_norm)

    def run(samples: Any) -> None:
        encoder(waveform(model, extractor, samples))
    return Recipe("moonshine", rate, layers, run)


# -- models that hear a spectrogram ---------------------------------------------------------------------------------------


def spectrogram(model: nn.Module, extractor: Any, samples: Any, **more: Any) -> dict[str, Tensor]:
    if extractor is None:
        raise StrataError(f"a model of type {model.config.model_type} needs its processor or feature extractor")
    return tensors(model, extractor(samples, sampling_rate=rate_of(extractor), return_tensors="pt", **more))


def _whisper(model: nn.Module, extractor: Any) -> Recipe:
    encoder = encoder_of(model, "conv1", "conv2", "layers", "layer_norm")
    rate, hop = rate_of(extractor), extractor.hop_length
    # The spectrogram's windows and the convolutions' padding are centred: frame 0 is at time 0.
    mel = Timing(rate, stride=hop, field=extractor.n_fft)
    positions = encoder.config.max_source_positions
    window = positions * 2 * hop
    first = mel.then(3, 1, left=1)
    second = first.then(3, 2, left=1)
    layers = [
        Layer("conv.1", first, encoder.conv1, take=lambda value: turned(F.gelu(value))),
        Layer("conv.2", second, encoder.conv2, take=lambda value: turned(F.gelu(value)))]
    layers += blocks(encoder.layers, second, encoder.layer_norm)

    def run(samples: Any) -> None:
        inputs = spectrogram(model, extractor, samples, padding="max_length", max_length=window)
        encoder(inputs["input_features"])
    return Recipe(
        model.config.model_type, rate, layers, run, window=window,
        valid=lambda _, timing, samples: math.ceil(samples / timing.stride))


def filter_bank(extractor: Any) -> Timing:
    """Kaldi's: 25 ms every 10 ms, from the first sample on."""
    rate = rate_of(extractor)
    window, hop = round(0.025 * rate), round(0.010 * rate)
    return Timing(rate, stride=hop, field=window, first_centre=(window - 1) / 2)


def _wav2vec2_bert(model: nn.Module, extractor: Any) -> Recipe:
    base = encoder_of(model, "feature_projection", "encoder")
    timing = filter_bank(extractor).then(extractor.stride, extractor.stride)
    layers = [Layer("projection", timing, base.feature_projection), *blocks(base.encoder.layers, timing)]
    heard: list[int] = []

    def run(samples: Any) -> None:
        inputs = spectrogram(model, extractor, samples)
        heard[:] = [int(inputs["attention_mask"].sum())]
        base(input_features=inputs["input_features"], attention_mask=inputs["attention_mask"])
    return Recipe(
        "wav2vec2-bert", timing.sampling_rate, layers, run, valid=lambda _, timing, samples: heard[0])


def _speech_to_text(model: nn.Module, extractor: Any) -> Recipe:
    encoder = encoder_of(model, "conv", "layers", "layer_norm")
    timing, layers = filter_bank(extractor), []
    for number, module in enumerate(encoder.conv.conv_layers, 1):
        timing = timing.then(module.kernel_size[0], module.stride[0], left=module.padding[0])
        layers.append(Layer(f"conv.{number}", timing, module, take=lambda value: turned(F.glu(value, dim=1))))
    layers += blocks(encoder.layers, timing, encoder.layer_norm)

    def run(samples: Any) -> None:
        inputs = spectrogram(model, extractor, samples)
        encoder(inputs["input_features"], attention_mask=inputs.get("attention_mask"))
    return Recipe("speech_to_text", timing.sampling_rate, layers, run)


def _parakeet(model: nn.Module, extractor: Any) -> Recipe:
    encoder = encoder_of(model, "subsampling", "layers")
    rate = rate_of(extractor)
    # Centred windows, and convolutions of 3 with a step of 2 and centred padding.
    timing = Timing(rate, stride=extractor.hop_length, field=extractor.win_length)
    for _ in range(int(math.log2(encoder.config.subsampling_factor))):
        timing = timing.then(3, 2, left=1)
    layers = [
        Layer("projection", timing, encoder.subsampling, take=lambda value: value * encoder.input_scale),
        *blocks(encoder.layers, timing)]
    whole = encoder
    if isinstance(getattr(model, "ctc_head", None), nn.Module):
        whole = model
        is_convolution = type(model.ctc_head) is nn.Conv1d  # newer ones turn by themselves
        layers.append(Layer("logits", timing, model.ctc_head, take=turned if is_convolution else lambda value: value))

    def run(samples: Any) -> None:
        inputs = spectrogram(model, extractor, samples)
        whole(inputs["input_features"], attention_mask=inputs.get("attention_mask"))
    return Recipe(model.config.model_type, rate, layers, run)


_ENCODERS: dict[str, Callable[[nn.Module, Any], Recipe]] = {
    "whisper": _whisper, "voxtral_encoder": _whisper, "voxtral": _whisper, "moss_transcribe_diarize": _whisper,
    "moonshine": _moonshine, "wav2vec2-bert": _wav2vec2_bert, "speech_to_text": _speech_to_text, "parakeet_ctc": _parakeet,
    "parakeet_encoder": _parakeet, "parakeet_rnnt": _parakeet, "parakeet_tdt": _parakeet, "canary": _parakeet,
    "cohere_asr": _parakeet,
}


# -- codecs ---------------------------------------------------------------------------------------------------------------


def _stages(encoder: nn.Module, rate: int) -> tuple[list[Layer], Timing]:
    """`conv.k` behind each strided convolution, the LSTM where there is one, and the times of what leaves the encoder.

    Convolutions stand in the order in which they are run; those beside a residual unit see one frame, and so change
    nothing.
    """
    timing, found = Timing(rate), []
    for name, module in encoder.named_modules():
        if type(module).__name__.endswith("LSTM") and not isinstance(module, nn.LSTM):
            found.append(Layer("lstm", timing, module, take=turned))
        if not isinstance(module, nn.Conv1d):
            continue
        kernel, stride, dilation = module.kernel_size[0], module.stride[0], module.dilation[0]
        left = module.padding[0]
        around = encoder.get_submodule(name.rpartition(".")[0])
        if hasattr(around, "causal"):  # EnCodec's and Mimi's, which pad by themselves
            total = (kernel - 1) * dilation + 1 - stride
            left = total if around.causal else total - total // 2
        timing = timing.then(kernel, stride, left=left, dilation=dilation)
        if stride > 1:
            found.append(Layer(f"conv.{sum(layer.name != 'lstm' for layer in found) + 1}", timing, around, take=turned))
    return found, timing


def _sound(model: nn.Module, extractor: Any, samples: Any) -> Tensor:
    """[1, 1, samples], neither padded nor normalised: codecs hear the sound as it is."""
    if getattr(model.config, "audio_channels", 1) != 1:
        raise StrataError(
            "a codec of several channels is not written here; probe-layers reads EnCodec of 48 kHz itself: save it with "
            "save_pretrained and give it the folder")
    return tensors(model, {"x": torch.as_tensor(samples)[None, None]})["x"]


def _encodec(model: nn.Module, extractor: Any) -> Recipe:
    config = model.config
    if config.chunk_length_s is not None:
        raise StrataError(
            "an EnCodec that reads sound in chunks is not written here; probe-layers reads it itself: save it with "
            "save_pretrained and give it the folder")
    stages, timing = _stages(model.encoder, config.sampling_rate)
    quantisers = model.quantizer.layers

    def run(samples: Any) -> dict[str, Tensor]:
        sound = _sound(model, extractor, samples)
        codes = model.encode(sound, bandwidth=max(config.target_bandwidths)).audio_codes[0, 0]
        found, total = {}, 0
        for number, row in enumerate(codes, 1):
            chosen = quantisers[number - 1].decode(row[None])
            total = total + chosen
            found[f"codes.{number}"], found[f"quantised.{number}"] = turned(chosen), turned(total)
        return found
    count = model.quantizer.get_num_quantizers_for_bandwidth(max(config.target_bandwidths))
    return Recipe(
        "encodec", config.sampling_rate, [*stages, Layer("latents", timing, model.encoder, take=turned)], run,
        extra=_quantised(count, timing))


def _dac(model: nn.Module, extractor: Any) -> Recipe:
    config = model.config
    stages, timing = _stages(model.encoder, config.sampling_rate)
    quantisers = model.quantizer.quantizers

    def run(samples: Any) -> dict[str, Tensor]:
        sound = _sound(model, extractor, samples)
        missing = -sound.shape[-1] % config.hop_length
        codes = model.encode(F.pad(sound, (0, missing))).audio_codes
        found = {}
        for number in range(1, codes.shape[1] + 1):
            found[f"codes.{number}"] = quantisers[number - 1].codebook(codes[:, number - 1])
            found[f"quantised.{number}"] = turned(model.quantizer.from_codes(codes[:, :number])[0])
        return found
    return Recipe(
        "dac", config.sampling_rate, [*stages, Layer("latents", timing, model.encoder, take=turned)], run,
        extra=_quantised(len(quantisers), timing))


def _mimi(model: nn.Module, extractor: Any) -> Recipe:
    config = model.config
    # Older versions have these in the model, newer ones in its encoder.
    parts = model.encoder if hasattr(model.encoder, "encoder_transformer") else model
    stages, timing = _stages(getattr(parts, "encoder_seanet", model.encoder), config.sampling_rate)
    layers = stages + blocks(parts.encoder_transformer.layers, timing)
    last = timing
    if isinstance(getattr(parts, "downsample", None), nn.Module):
        convolution = parts.downsample.conv
        kernel, stride = convolution.kernel_size[0], convolution.stride[0]
        last = timing.then(kernel, stride, left=kernel - stride)
        layers.append(Layer("latents", last, parts.downsample, take=turned))
    both = model.quantizer
    semantic, acoustic = both.semantic_residual_vector_quantizer, both.acoustic_residual_vector_quantizer
    first = config.num_semantic_quantizers

    def run(samples: Any) -> dict[str, Tensor]:
        codes = model.encode(_sound(model, extractor, samples), num_quantizers=config.num_quantizers).audio_codes
        found = {}
        for number in range(1, codes.shape[1] + 1):
            part, place = (semantic, number - 1) if number <= first else (acoustic, number - 1 - first)
            found[f"codes.{number}"] = turned(part.layers[place].decode(codes[:, number - 1]))
            found[f"quantised.{number}"] = turned(both.decode(codes[:, :number]))
        return found
    return Recipe("mimi", config.sampling_rate, layers, run, extra=_quantised(config.num_quantizers, last))


def _quantised(count: int, timing: Timing) -> dict[str, Timing]:
    return {f"{name}.{number}": timing for number in range(1, count + 1) for name in ("codes", "quantised")}


# -- models of the user's own -------------------------------------------------------------------------------------------


def told(
    model: nn.Module, extractor: Any, layers: dict[str, str], hop: float, first_centre: float | None,
) -> Recipe:
    """Layers by the names of their modules, all with the same times, in seconds."""
    rate = rate_of(extractor)
    stride = hop * rate
    if not math.isfinite(stride) or stride < 1:
        raise StrataError(f"hop: found {hop} s, expected at least one sample, {1 / rate:g} s")
    unit, step = (rate, round(stride)) if abs(stride - round(stride)) < 1e-6 else (10**9, round(hop * 1e9))
    centre = hop / 2 if first_centre is None else first_centre
    timing = Timing(unit, stride=step, field=step, first_centre=centre * unit)
    known = dict(model.named_modules())
    found = []
    for name, path in layers.items():
        if path not in known:
            near = [other for other in known if other.endswith(path.rpartition(".")[2])][:3]
            raise StrataError(
                f"layers: the model has no module {path}" + (f"; is it {' or '.join(near)}?" if near else ""))
        found.append(Layer(name, timing, known[path]))

    def run(samples: Any) -> None:
        if extractor is None:
            model(torch.as_tensor(samples)[None].to(next(model.parameters())))
        else:
            model(**tensors(model, extractor(samples, sampling_rate=rate, return_tensors="pt")))
    return Recipe(getattr(getattr(model, "config", None), "model_type", type(model).__name__), rate, found, run)
