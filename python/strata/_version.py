"""The version, the same as the command's."""

__version__ = "1.0.0"
