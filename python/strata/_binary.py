"""Where the command is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from ._errors import StrataError

VARIABLE = "STRATA_PROBE_LAYERS"
_PACKAGE = Path(__file__).resolve().parent

_HOW_TO_GET_IT = (
    "Install a wheel of strata-layers that holds it, unpack the tarball and put its bin folder on the PATH, build it "
    "with scripts/install.sh --prefix ~/.local in a clone of the repository, or set "
    f"{VARIABLE} to its path."
)


def find_binary() -> Path:
    """The path of `probe-layers`: what `STRATA_PROBE_LAYERS` says, else the one inside this package, else the first on
    the PATH, else the release build of the checkout that this package lies in.

    Raises `StrataError` where there is none, or where the variable names something that cannot be run.
    """
    if named := os.environ.get(VARIABLE):
        path = Path(named).expanduser()
        if not _runs(path):
            raise StrataError(f"{VARIABLE} is {named}, which is not a program that can be run")
        return path.resolve()
    for candidate in (
        _PACKAGE / "_command" / "bin" / "probe-layers",
        shutil.which("probe-layers"),
        _PACKAGE.parent.parent / ".build" / "release" / "probe-layers",
    ):
        if candidate is not None and _runs(Path(candidate)):
            return Path(candidate).resolve()
    raise StrataError(
        f"the command probe-layers was not found: not in this package, nor on the PATH. {_HOW_TO_GET_IT}")


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def main() -> None:
    """The command of a wheel that holds it: becomes `probe-layers` with the same arguments."""
    program = str(_PACKAGE / "_command" / "bin" / "probe-layers")
    os.execv(program, [program, *sys.argv[1:]])
