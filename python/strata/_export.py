"""Activations of a transformers model in memory, in files that `probe-layers` reads in a checkpoint's place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import StrataError
from ._version import __version__

if TYPE_CHECKING:
    import numpy as np

    from ._recipes import Recipe
    from ._timing import Timing

PathLike = str | os.PathLike[str]

_SOUNDS = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".sph", ".nist"}


def export(
    model: Any,
    processor: Any,
    files: PathLike | Iterable[PathLike],
    out: PathLike,
    *,
    only: Collection[str] | None = None,
    layers: Mapping[str, str] | None = None,
    hop: float | None = None,
    first_centre: float | None = None,
    name: str | None = None,
) -> Path:
    """Runs `model` over recordings and writes every layer's frames into the new folder `out`.

    `model` is a transformers model, `processor` its processor or feature extractor (None for a model that hears the
    waveform as it is). `files` is the corpus's folder, or paths of recordings; each is resampled to the model's rate, and
    channels are averaged. `out` gets a file `UTTERANCE.safetensors` for each, of arrays `[frames × width]` in 32 bits, and
    an `activations.yaml`; the files' metadata says where each layer's frames lie in time. It is written whole or not at
    all. `only` are the layers to write; all where nothing is said.

    Layers, hop and first centre are derived from the model for wav2vec 2.0 and its kin, Whisper and the encoders of speech
    and language models that are built like it, Moonshine, Speech2Text, SpeechT5, w2v-BERT 2.0, SeamlessM4T, Parakeet and its
    kin, the Audio Spectrogram Transformer, EnCodec, DAC and Mimi. For any other, `layers` gives Strata's name of each layer and the name
    of its module (as in `model.named_modules()`; its output must be `[1, frames, width]`), `hop` and `first_centre` the
    times in seconds.

    Returns the folder. Raises `StrataError`.
    """
    try:
        import numpy  # noqa: F401
        import safetensors.torch  # noqa: F401
        import soundfile  # noqa: F401
        import torch
    except ImportError as error:
        raise StrataError(f"export needs {error.name}: pip install 'strata-layers[export]'") from error
    from . import _recipes

    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StrataError(f"{target} exists already; name a new folder")
    recordings = _recordings(files)
    extractor = getattr(processor, "feature_extractor", processor)
    if layers is None:
        if hop is not None or first_centre is not None:
            raise StrataError("hop and first_centre are of layers that `layers` names; without it they are derived")
        recipe = _recipes.recipe(model, processor)
    elif hop is None:
        raise StrataError("say hop=, in seconds from one frame of these layers to the next")
    else:
        recipe = _recipes.told(model, extractor, dict(layers), hop, first_centre)
    timings = _chosen(recipe, only)

    was_training = model.training
    model.eval()
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        metadata = _metadata(recipe, timings, name or _name(model))
        with torch.inference_mode():
            for utterance, path in recordings:
                arrays = _frames(recipe, _samples(path, recipe.sampling_rate), set(timings), path)
                _check(arrays, timings, path)
                file = staged / f"{utterance}.safetensors"
                file.parent.mkdir(parents=True, exist_ok=True)
                safetensors.torch.save_file({key: arrays[key] for key in timings}, file, metadata=metadata)
        (staged / "activations.yaml").write_text(_yaml(recipe, timings, metadata["model"]), encoding="utf-8")
        if target.exists():
            target.rmdir()
        # mkdtemp gives a folder to its owner alone.
        staged.chmod(0o777 & ~_umask())
        staged.rename(target)
    finally:
        model.train(was_training)
        shutil.rmtree(staged, ignore_errors=True)
    return target


# -- what is asked for ------------------------------------------------------------------------------------------------


def _recordings(files: PathLike | Iterable[PathLike]) -> list[tuple[str, Path]]:
    """Each recording with its utterance's name: its path in the corpus without its ending."""
    if isinstance(files, (str, os.PathLike)):
        root = Path(files)
        if root.is_dir():
            paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in _SOUNDS and path.is_file())
            if not paths:
                raise StrataError(f"{root}: there are no recordings ({', '.join(sorted(_SOUNDS))}) in this folder")
        else:
            root, paths = root.parent, [root]
    else:
        paths = [Path(path) for path in files]
        if not paths:
            raise StrataError("files: found an empty list, expected recordings or the corpus's folder")
        root = Path(os.path.commonpath([path.absolute().parent for path in paths]))
    named: dict[str, Path] = {}
    for path in paths:
        if not path.is_file():
            raise StrataError(f"{path}: there is no such file")
        utterance = path.absolute().relative_to(root.absolute()).with_suffix("").as_posix()
        if utterance in named:
            raise StrataError(f"{named[utterance]} and {path} would both be the utterance {utterance}")
        named[utterance] = path
    return list(named.items())


def _chosen(recipe: Recipe, only: Collection[str] | None) -> dict[str, Timing]:
    known = {layer.name: layer.timing for layer in recipe.layers} | recipe.extra
    if only is None:
        return known
    if isinstance(only, str):
        raise TypeError("only takes a list of layers, not a string")
    missing = [layer for layer in only if layer not in known]
    if missing:
        raise StrataError(f"only: there is no layer {missing[0]}; the layers are {', '.join(known)}")
    return {layer: timing for layer, timing in known.items() if layer in only}


def _name(model: Any) -> str:
    path = getattr(getattr(model, "config", None), "_name_or_path", "") or ""
    return Path(path).name or type(model).__name__


# -- one recording ----------------------------------------------------------------------------------------------------


def _samples(path: Path, rate: int) -> np.ndarray:
    """The mean of the channels at the model's rate, in 32 bits."""
    import soundfile

    try:
        sound, own_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise StrataError(f"{path}: it cannot be read as sound ({error})") from error
    if len(sound) == 0:
        raise StrataError(f"{path}: it holds no samples")
    mono = sound[:, 0] if sound.shape[1] == 1 else sound.mean(axis=1)
    if own_rate == rate:
        return mono
    try:
        import soxr
    except ImportError as error:
        raise StrataError(
            f"{path} has {own_rate} Hz and the model hears {rate} Hz: pip install soxr, or resample it first") from error
    return soxr.resample(mono, own_rate, rate, quality="HQ")


def _frames(recipe: Recipe, samples: np.ndarray, wanted: set[str], path: Path) -> dict[str, Any]:
    """Every wanted layer's `[frames, width]`, window after window."""
    import torch

    window = recipe.window or len(samples)
    parts: dict[str, list[Any]] = {}
    for start in range(0, len(samples), window):
        heard = samples[start:start + window]
        for layer, value in _pass(recipe, heard, wanted, path).items():
            timing = next((item.timing for item in recipe.layers if item.name == layer), recipe.extra.get(layer))
            value = value[0]
            if recipe.valid is not None:
                value = value[:recipe.valid(layer, timing, len(heard))]
            parts.setdefault(layer, []).append(value.float().cpu())
    return {layer: torch.cat(values).contiguous() for layer, values in parts.items()}


def _pass(recipe: Recipe, samples: np.ndarray, wanted: set[str], path: Path) -> dict[str, Any]:
    """One run of the model, `[1, frames, width]` by layer."""
    heard: dict[str, Any] = {}
    handles = []
    for layer in recipe.layers:
        if layer.name not in wanted:
            continue

        def keep(value: Any, layer: Any = layer) -> None:
            while isinstance(value, (tuple, list)):
                value = value[0]
            value = layer.take(getattr(value, "last_hidden_state", value))
            if value.dim() != 3 or value.shape[0] != 1:
                raise StrataError(
                    f"{path}: {layer.name} has shape {list(value.shape)}, expected [1 × frames × width] of one recording")
            heard[layer.name] = value

        if layer.of_input:
            handles.append(layer.module.register_forward_pre_hook(
                lambda _, args, kwargs, keep=keep: keep(args[0] if args else kwargs["hidden_states"]),
                with_kwargs=True))
        else:
            handles.append(layer.module.register_forward_hook(lambda _, args, value, keep=keep: keep(value)))
    try:
        more = recipe.run(samples)
    except (RuntimeError, ValueError) as error:
        raise StrataError(f"{path}: the model could not be run over its {len(samples)} samples ({error})") from error
    finally:
        for handle in handles:
            handle.remove()
    heard |= {layer: value for layer, value in (more or {}).items() if layer in wanted}
    missing = [layer for layer in sorted(wanted) if layer not in heard]
    if missing:
        raise StrataError(f"{path}: the model ran without {', '.join(missing)}; leave these out with only=")
    return heard


def _check(arrays: dict[str, Any], timings: Mapping[str, Timing], path: Path) -> None:
    import torch

    for layer, timing in timings.items():
        if arrays[layer].shape[0] == 0:
            raise StrataError(
                f"{path}: it is too short for {layer}, whose frames see {timing.field / timing.sampling_rate:g} s")
        if not torch.isfinite(arrays[layer]).all():
            raise StrataError(f"{path}: {layer} has values that are no numbers (NaN or infinity)")


# -- what the files say of themselves -----------------------------------------------------------------------------------


def _metadata(recipe: Recipe, timings: Mapping[str, Timing], name: str) -> dict[str, str]:
    words = {
        "content": "activations", "model": name, "family": recipe.family, "sampling_rate": str(recipe.sampling_rate),
        "layers": ",".join(timings), "written_by": f"strata-layers {__version__}",
    }
    return words | {f"timing.{layer}": timing.words for layer, timing in timings.items()}


def _yaml(recipe: Recipe, timings: Mapping[str, Timing], name: str) -> str:
    """What `probe-layers` reads before the files; the times themselves stand in each file's metadata."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "# Activations as strata.export wrote them. Each file's metadata says when its layers' frames are:",
        *(f"#   {layer}: {timing.sentence}" for layer, timing in timings.items()),
        f'model: "{quoted}"', f"sampling_rate: {recipe.sampling_rate}"]
    return "\n".join(lines) + "\n"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
