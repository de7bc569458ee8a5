"""Running the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterable
from typing import Any

from ._binary import find_binary
from ._errors import StrataError, StrataWarning
from ._study import Study, read

PathLike = str | os.PathLike[str]


def study(
    model: PathLike,
    corpus: PathLike,
    *,
    output: PathLike = "strata-study",
    levels: str | Iterable[str] | None = None,
    layers: str | Iterable[str] | None = None,
    probes: str | Iterable[str] | None = None,
    seed: int = 0,
    twins: int | None = None,
    threads: int | None = None,
    progress: bool = True,
    **options: Any,
) -> Study:
    """Studies `model` over `corpus`, writes the folder `output`, and reads it.

    `model` is what the command takes: a checkpoint, a Hugging Face folder, a folder that `strata.export` wrote, or a
    `study.yaml`. `corpus` is a folder of audio and labels. Any other option of `probe-layers run` is given by its name,
    with underscores for hyphens: `heads=12`, `png=True`, `hop="20ms"`; `probe-layers run --help` lists them.

    `progress` shows on standard error what the command says of its work. Its warnings become `StrataWarning`s. An
    interruption (Ctrl-C, a notebook's stop) stops the command where it can go on: the same call continues.

    Raises `StrataError` with the command's own message and exit status.
    """
    for name, value in (("model", model), ("corpus", corpus), ("output", output)):
        if not isinstance(value, (str, os.PathLike)):
            raise TypeError(
                f"{name} must be a path, not {type(value).__name__}"
                + ("; save a model in memory with model.save_pretrained(FOLDER) or use strata.export"
                   if name == "model" else ""))
    if "json" in options or "quiet" in options or "verbose" in options:
        raise TypeError("json, quiet and verbose are the command's own output; use progress")
    named = dict(
        corpus=corpus, output=output, levels=levels, layers=layers, probes=probes, seed=seed, twins=twins,
        threads=threads, **options)
    arguments = ["run", os.fspath(model), *_arguments(named)]
    _run(arguments, progress)
    if options.get("shard") is not None:
        raise StrataError(
            f"the shard is written into {os.fspath(output)}; probe-layers merge makes a study of all of them")
    return read(output)


def _arguments(named: dict[str, Any]) -> list[str]:
    """`--name value` for each: True is a flag, False and None are left out, lists have commas between."""
    result: list[str] = []
    for name, value in named.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            result.append(option)
        elif isinstance(value, (str, os.PathLike, int, float)):
            result.append(f"{option}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
        elif name == "training":
            result += [option, *map(os.fspath, value)]
        else:
            result.append(f"{option}={','.join(map(str, value))}")
    return result


def _run(arguments: list[str], progress: bool) -> None:
    binary = str(find_binary())
    # A child in a group of its own does not get the terminal's Ctrl-C: it is told once, by us, and waited for.
    child = subprocess.Popen(
        [binary, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        encoding="utf-8", errors="replace", start_new_session=True)
    said: list[str] = []
    try:
        assert child.stderr is not None
        for line in child.stderr:
            line = line.rstrip("\n")
            if line.startswith("warning: "):
                warnings.warn(line.removeprefix("warning: "), StrataWarning, stacklevel=3)
                continue
            said.append(line)
            if progress and not line.startswith("error: "):
                print(line, file=sys.stderr)
        status = child.wait()
    except BaseException:
        child.send_signal(signal.SIGINT)
        child.wait()
        raise
    if status == 0:
        return
    errors = [place for place, line in enumerate(said) if line.lower().startswith("error: ")]
    message = "\n".join(said[errors[0]:] if errors else said[-5:]) or f"{binary} ended without a word"
    if status < 0:
        message += f"\n(the command was ended by signal {-status})"
    raise StrataError(message.removeprefix("error: ").removeprefix("Error: "), status)
