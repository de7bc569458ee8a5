#!/usr/bin/env python3
"""Tries the completions of probe-layers in bash, zsh and fish, each in a terminal of its own, as fingers would.

    scripts/check-completions.py PROGRAM        shells that are not installed are said and passed over

For each line the Tab key is pressed, and what the shell makes of the line is looked for. Ends with 1 where one is not there.
"""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

# The line, and what Tab makes of its end.
LINES = [
    ("probe-layers insp", "inspect"),
    ("probe-layers run only", "run only.ckpt"),
    ("probe-layers run only.ckpt --corpus my-", "--corpus my-corpus"),
    ("probe-layers run only.ckpt --output mo", "--output models"),
    ("probe-layers run only.ckpt --levels phoneme,wo", "--levels phoneme,word"),
    ("probe-layers run only.ckpt --search ba", "--search bayesian"),
    ("probe-layers attribute only.ckpt my-corpus --methods lrp,occ", "--methods lrp,occlusion"),
]
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ["source completions"]),
    "zsh": (["zsh", "-f", "-i"], ["fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D"]),
    "fish": (["fish", "--no-config", "-i"], ["source completions"]),
}
PATIENCE = 20.0


def read(terminal, until=None):
    """What the shell writes until it has written `until`, or nothing more for a second."""
    text, end, last = b"", time.time() + PATIENCE, time.time()
    while time.time() < end:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                text += os.read(terminal, 65536)
            except OSError:
                break
            last = time.time()
        shown = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x1b\][^\x07]*\x07|.\x08|\r", b"", text).decode(errors="replace")
        if until is not None and until in shown:
            return shown
        if until is None and time.time() - last > 1:
            break
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]|\r", b"", text).decode(errors="replace")


def tried(shell, folder, program):
    """The lines that were not completed."""
    script = subprocess.run([program, "--generate-completion-script", shell], check=True, capture_output=True).stdout
    (folder / "completions").write_bytes(script)
    (folder / "functions" / "_probe-layers").write_bytes(script)
    command, setup = SHELLS[shell]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ.update(TERM="xterm", PATH=f"{pathlib.Path(program).resolve().parent}:{os.environ['PATH']}")
        os.execvp(command[0], command)
    # So wide that no prompt, which may show a long folder, breaks a line in two.
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 400, 0, 0))
    read(terminal)
    for line in setup:
        os.write(terminal, line.encode() + b"\n")
        read(terminal)
    missed = []
    for line, expected in LINES:
        os.write(terminal, line.encode() + b"\t")
        shown = read(terminal, until=expected)
        if expected not in shown:
            missed.append((line, shown[-200:]))
        for key in (b"\x15", b"\x03"):
            os.write(terminal, key)
            read(terminal)
    os.kill(process, 9)
    os.waitpid(process, 0)
    os.close(terminal)
    return missed


def main(program):
    failed = False
    for shell in SHELLS:
        if not shutil.which(shell):
            print(f"{shell}: not installed")
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for path in ("models/a.ckpt", "my-corpus/a.wav", "functions/none", "only.ckpt"):
                (folder / path).parent.mkdir(exist_ok=True)
                (folder / path).touch()
            missed = tried(shell, folder, program)
        print(f"{shell}: {len(LINES) - len(missed)} of {len(LINES)} completed")
        for line, shown in missed:
            print(f"  {line}: {shown!r}")
        failed = failed or bool(missed)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
