"""What goes wrong, in words that say what to do."""

from __future__ import annotations


class StrataError(Exception):
    """A request that cannot be carried out; `status` is the command's exit status where the command found it.

    64 a wrong option, 65 input that is not what it claims to be, 66 input that is missing, 70 an internal fault,
    74 a write that failed, 130 an interruption.
    """

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


class StrataWarning(UserWarning):
    """A warning of the command."""
