"""What tests share: the command, and the repository's models and speech."""

import os
import shutil
import warnings
from pathlib import Path

import pytest

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore", category=DeprecationWarning)

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
MODELS = ROOT / "Tests" / "ModelsTests" / "Resources"


def small_corpus(folder):
    """Eight sentences of three voices."""
    for speaker in ("awb", "kal", "slt"):
        (folder / speaker).mkdir(parents=True)
        for file in sorted((FIXTURES / "unseen" / speaker).glob("*"))[:16]:
            shutil.copy(file, folder / speaker)
    return folder


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    return small_corpus(tmp_path_factory.mktemp("corpora") / "few")


@pytest.fixture(scope="session")
def study(tmp_path_factory, corpus):
    """One short study of the bundled model, made by the command."""
    import strata

    return strata.study(
        FIXTURES / "w2v2-tiny-phones" / "model.ckpt", corpus, levels=["phoneme", "word"],
        layers=["conv.1", "hidden.5", "hidden.6"], twins=1, maps=0, seed=3,
        output=tmp_path_factory.mktemp("studies") / "study", progress=False)
