"""Recipes of encoders that are parts of larger models, and of those with states of their own behind the blocks."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._recipes import (
    Layer, Recipe, blocks, encoder_of, filter_bank, rate_of, spectrogram, tensors, turned, waveform)
from ._timing import Timing


def sew_d(model: nn.Module, extractor: Any) -> Recipe:
    config, base = model.config, encoder_of(model, "feature_extractor", "encoder")
    times = Timing(rate_of(extractor)).behind(config.conv_kernel, config.conv_stride)
    frames, squeeze = times[-1], config.squeeze_factor
    layers = [
        Layer(f"conv.{number}", timing, module, take=turned)
        for number, (timing, module) in enumerate(zip(times, base.feature_extractor.conv_layers, strict=True), 1)]
    layers.append(Layer("projection", frames, getattr(base, "feature_projection", None) or base.layer_norm))
    layers += blocks(base.encoder.encoder.layer, frames.then(squeeze, squeeze))
    layers.append(Layer("upsampled", frames, base.encoder.upsample))
    whole = base
    if isinstance(getattr(model, "lm_head", None), nn.Module):
        whole = model
        layers.append(Layer("logits", frames, model.lm_head))

    def valid(name: str, timing: Timing, samples: int) -> int:
        count = timing.frames(samples)
        return count // squeeze * squeeze if name in ("upsampled", "logits") else count
    return Recipe(
        "sew-d", frames.sampling_rate, layers, lambda samples: whole(waveform(model, extractor, samples)) and None,
        valid=valid)


def speecht5(model: nn.Module, extractor: Any) -> Recipe:
    encoder = encoder_of(model, "prenet", "wrapped_encoder")
    prenet = encoder.prenet
    times = Timing(rate_of(extractor)).behind(model.config.conv_kernel, model.config.conv_stride)
    layers = [
        Layer(f"conv.{number}", timing, module, take=turned)
        for number, (timing, module) in enumerate(zip(times, prenet.feature_encoder.conv_layers, strict=True), 1)]
    layers.append(Layer("projection", times[-1], prenet.feature_projection))
    layers += blocks(encoder.wrapped_encoder.layers, times[-1])

    def run(samples: Any) -> None:
        inputs = extractor(audio=samples, sampling_rate=rate_of(extractor), return_tensors="pt")
        encoder(tensors(model, inputs)["input_values"])
    return Recipe("speecht5", times[-1].sampling_rate, layers, run)


def omniasr(model: nn.Module, extractor: Any) -> Recipe:
    tower = encoder_of(model, "subsampling", "encode_positions", "layers")
    times = Timing(rate_of(extractor)).behind(tower.config.conv_kernel, tower.config.conv_stride)
    layers = [
        Layer(f"conv.{number}", timing, module, take=turned)
        for number, (timing, module) in enumerate(zip(times, tower.subsampling.conv_layers, strict=True), 1)]
    layers.append(Layer("projection", times[-1], tower.subsampling))
    layers += blocks(tower.layers, times[-1], tower.layer_norm)
    whole = tower
    if isinstance(getattr(model, "ctc_head", None), nn.Module):
        whole = model
        layers.append(Layer("logits", times[-1], model.ctc_head))

    def run(samples: Any) -> None:
        whole(tensors(model, extractor(samples, sampling_rate=rate_of(extractor), return_tensors="pt"))["input_values"])
    return Recipe(tower.config.model_type, times[-1].sampling_rate, layers, run)


def _convolutions(encoder: nn.Module, extractor: Any) -> tuple[list[Layer], Timing]:
    """Whisper's two: the spectrogram's windows and their padding are centred, so that frame 0 is at time 0."""
    mel = Timing(rate_of(extractor), stride=extractor.hop_length, field=extractor.n_fft)
    first = mel.then(3, 1, left=1)
    second = first.then(3, 2, left=1)
    return [
        Layer("conv.1", first, encoder.conv1, take=lambda value: turned(F.gelu(value))),
        Layer("conv.2", second, encoder.conv2, take=lambda value: turned(F.gelu(value)))], second


def paired(model: nn.Module, extractor: Any) -> Recipe:
    """Whisper's encoder with the mean of each two frames before the norm; Audio Flamingo's hears no silence."""
    encoder = encoder_of(model, "conv1", "conv2", "layers", "layer_norm", "avg_pooler")
    layers, timing = _convolutions(encoder, extractor)
    layers += blocks(encoder.layers, timing)
    layers.append(Layer("final_norm", timing.then(2, 2), encoder.layer_norm))
    window = encoder.config.max_source_positions * timing.stride
    is_masked = "flamingo" in encoder.config.model_type

    def run(samples: Any) -> None:
        inputs = spectrogram(
            model, extractor, samples, padding="max_length", max_length=window, return_attention_mask=True)
        more = {"input_features_mask": inputs["attention_mask"]} if is_masked else {}
        encoder(inputs["input_features"], **more)

    def valid(name: str, timing: Timing, samples: int) -> int:
        frames = math.ceil(samples / layers[1].timing.stride)
        return max(1, frames // 2) if name == "final_norm" else math.ceil(samples / timing.stride)
    return Recipe(encoder.config.model_type, timing.sampling_rate, layers, run, window=window, valid=valid)


def glmasr(model: nn.Module, extractor: Any) -> Recipe:
    encoder = encoder_of(model, "conv1", "conv2", "layers", "norm")
    layers, timing = _convolutions(encoder, extractor)
    layers += blocks(encoder.layers, timing, encoder.norm)
    window = encoder.config.max_position_embeddings * timing.stride

    def run(samples: Any) -> None:
        encoder(spectrogram(model, extractor, samples, padding="max_length", max_length=window)["input_features"])
    return Recipe(
        "glmasr_encoder", timing.sampling_rate, layers, run, window=window,
        valid=lambda _, timing, samples: math.ceil(samples / timing.stride))


def qwen_omni(model: nn.Module, extractor: Any) -> Recipe:
    """Qwen2.5-Omni's: windows of their own, whose frames stand one after the other without a first axis."""
    encoder = encoder_of(model, "conv1", "conv2", "layers", "ln_post", "proj")
    layers, timing = _convolutions(encoder, extractor)
    lengths: list[int] = []

    def joined(value: Tensor, step: int) -> Tensor:
        rows = F.gelu(value).transpose(1, 2)
        return torch.cat([row[:(length - 1) // step + 1] for row, length in zip(rows, lengths, strict=True)])[None]
    layers[0].take = lambda value: joined(value, 1)
    layers[1].take = lambda value: joined(value, 2)
    layers += blocks(encoder.layers, timing)
    halved = timing.then(2, 2)
    layers += [Layer("final_norm", halved, encoder.ln_post), Layer("output", halved, encoder.proj)]
    for layer in layers[2:]:
        layer.take = lambda value: value[None]

    def run(samples: Any) -> None:
        inputs = spectrogram(model, extractor, samples, return_attention_mask=True)
        frames = int(inputs["attention_mask"].sum())
        size = 2 * encoder.n_window
        lengths[:] = [min(size, frames - start) for start in range(0, frames, size)]
        encoder(inputs["input_features"][0][:, :frames], feature_lens=torch.tensor([frames]))
    return Recipe("qwen2_5_omni_audio_encoder", timing.sampling_rate, layers, run)


def moonshine_streaming(model: nn.Module, extractor: Any) -> Recipe:
    encoder = encoder_of(model, "embedder", "layers", "final_norm")
    embedder, rate = encoder.embedder, rate_of(extractor)
    frame = embedder.frame_len
    entry = Timing(rate, stride=frame, field=frame, first_centre=(frame - 1) / 2)
    first = entry.then(5, 2, left=4)
    second = first.then(5, 2, left=4)
    layers = [
        Layer("projection", entry, embedder.linear, take=F.silu),
        Layer("conv.1", first, embedder.conv1, take=lambda value: turned(F.silu(value))),
        Layer("conv.2", second, embedder.conv2, take=turned),
        *blocks(encoder.layers, second, encoder.final_norm)]
    heard = [0]

    def run(samples: Any) -> None:
        inputs = tensors(model, extractor(
            samples, sampling_rate=rate, return_tensors="pt", padding=True, pad_to_multiple_of=frame,
            return_attention_mask=True))
        heard[0] = inputs["input_values"].shape[-1] // frame
        encoder(inputs["input_values"], attention_mask=inputs["attention_mask"])
    return Recipe("moonshine_streaming", rate, layers, run)


def seamless(model: nn.Module, extractor: Any) -> Recipe:
    encoder = encoder_of(model, "feature_projection", "encoder", "intermediate_ffn")
    timing = filter_bank(extractor).then(extractor.stride, extractor.stride)
    layers = [
        Layer("projection", timing, encoder.feature_projection),
        *blocks(encoder.encoder.layers, timing, encoder.encoder.layer_norm)]
    expanded = Layer("expanded", timing, encoder.intermediate_ffn, of_input=True)
    expanded.take = lambda value: value + 0.5 * encoder.intermediate_ffn.forward(value)
    layers.append(expanded)
    behind = timing
    for number, adapter in enumerate(getattr(encoder.adapter, "layers", []), 1):
        module = adapter.residual_conv
        behind = behind.then(module.kernel_size[0], module.stride[0], left=module.padding[0])
        layers.append(Layer(f"adapter.{number}", behind, adapter))
    layers.append(Layer("output", behind, encoder.inner_layer_norm))

    def run(samples: Any) -> None:
        inputs = spectrogram(model, extractor, samples)
        # A pair that is only half there is left out.
        frames = int(inputs["attention_mask"].sum())
        encoder(inputs["input_features"][:, :frames])
    return Recipe(model.config.model_type, timing.sampling_rate, layers, run)


def spectrogram_transformer(model: nn.Module, extractor: Any) -> Recipe:
    """The Audio Spectrogram Transformer: of each column of patches the mean over its bands; longer sound in windows."""
    config, rate = model.config, rate_of(extractor)
    base = encoder_of(model, "embeddings", "layernorm")
    found = base.encoder.layer if hasattr(base, "encoder") else base.layers
    rows = (config.num_mel_bins - config.patch_size) // config.frequency_stride + 1
    columns = (config.max_length - config.patch_size) // config.time_stride + 1
    timing = filter_bank(extractor).then(config.patch_size, config.time_stride)
    hop = timing.stride // config.time_stride
    step, field = columns * timing.stride, (config.max_length - 1) * hop + round(0.025 * rate)
    window = Timing(rate, stride=step, field=field, first_centre=(field - 1) / 2)
    head = getattr(model, "classifier", None)
    extra = {"pooled": window} | ({"logits": window} if head is not None else {})

    def take(value: Tensor) -> Tensor:
        return value[:, -rows * columns:].reshape(1, rows, columns, -1).mean(1)
    layers = [Layer("projection", timing, base.embeddings.patch_embeddings)]
    layers += blocks(found, timing, base.layernorm)
    for layer in layers:
        layer.take = take

    def run(samples: Any) -> dict[str, Tensor]:
        pooled = base(spectrogram(model, extractor, samples)["input_values"]).pooler_output
        return {"pooled": pooled[None]} | ({"logits": head(pooled)[None]} if head is not None else {})
    return Recipe(
        config.model_type, rate, layers, run, extra=extra, window=step,
        valid=lambda name, timing, samples: 1 if name in extra else min(columns, timing.frames(samples)))


RECIPES = {
    "sew-d": sew_d, "speecht5": speecht5, "omniasr_ctc": omniasr, "omniasr_audio": omniasr,
    "qwen2_audio": paired, "qwen2_audio_encoder": paired, "audioflamingo3": paired, "audioflamingo3_encoder": paired,
    "musicflamingo": paired, "glmasr": glmasr, "glmasr_encoder": glmasr, "qwen2_5_omni": qwen_omni,
    "qwen2_5_omni_thinker": qwen_omni, "qwen2_5_omni_audio_encoder": qwen_omni, "moonshine_streaming": moonshine_streaming,
    "seamless_m4t": seamless, "seamless_m4t_v2": seamless, "audio-spectrogram-transformer": spectrogram_transformer,
}
