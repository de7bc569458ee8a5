"""Which layers of a trained speech model encode which levels of speech, and how sure that is.

    import strata

    study = strata.study("hubert-base/", "my-corpus")     # runs probe-layers
    study = strata.read("strata-study")                   # a finished one
    study.verdicts, study.layers, study.similarity        # pandas DataFrames
    strata.export(model, processor, "my-corpus", "activations")   # a transformers model in memory
"""

from ._binary import find_binary
from ._errors import StrataError, StrataWarning
from ._export import export
from ._run import study
from ._study import Study, read
from ._version import __version__

__all__ = ["Study", "StrataError", "StrataWarning", "export", "find_binary", "read", "study", "__version__"]
