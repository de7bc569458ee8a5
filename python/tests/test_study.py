"""Studies: the numbers are those of the files, and what is wrong is told."""

import json
import os
import stat
import warnings

import pandas as pd
import pytest
from conftest import FIXTURES, ROOT

import strata
from strata._run import _arguments


def test_layers_hold_the_numbers_of_the_json(study):
    table = study.layers
    assert list(table.columns[:8]) == ["model", "layer", "level", "probe", "metric", "value", "ci_low", "ci_high"]
    assert table["value"].dtype == float
    for level in study.data["levels"]:
        for layer in level["layers"]:
            row = table[(table.layer == layer["layer"]["name"]) & (table.probe == level["probe"])
                        & (table.metric == "accuracy")]
            assert len(row) == 1
            expected = layer["metrics"]["accuracy"]
            assert row[["value", "ci_low", "ci_high"]].values[0] == pytest.approx(
                [expected["value"], expected["low"], expected["high"]], abs=1e-7)
    assert {"conv.1", "hidden.5", "hidden.6", "majority", "mel", "hidden.6@untrained"} <= set(table.layer)


def test_verdicts_have_a_row_a_level_with_peak_and_ties(study):
    verdicts = study.verdicts
    assert list(verdicts.probe) == ["phoneme", "word"]
    for row, level in zip(verdicts.itertuples(), study.data["levels"], strict=True):
        assert row.decision == level["verdict"]["decision"]
        assert row.peak == level["peak"]["layer"]["name"]
        assert row.ci_low <= row.value <= row.ci_high
        assert row.peak not in row.tied
        assert {row.peak, *row.tied} == {layer["name"] for layer in level["peak"]["peakSet"]}
    assert set(verdicts.decision) <= {"encoded", "not encoded", "undecided"}


def test_similarity_is_a_symmetric_matrix_in_the_order_of_the_data(study):
    measure = study.similarity.measure.iloc[0]
    matrix = study.similarity_matrix(measure)
    assert list(matrix.index) == list(matrix.columns) == ["conv.1", "hidden.5", "hidden.6"]
    assert (matrix.values == matrix.values.T).all()
    assert matrix.loc["hidden.6", "hidden.6"] == pytest.approx(1, abs=1e-6)
    with pytest.raises(strata.StrataError, match="there is no measure kernel; the study has"):
        study.similarity_matrix("kernel")


def test_html_shows_every_layer_marks_the_peak_and_escapes(study):
    page = study._repr_html_()
    for word in ["conv.1", "hidden.5", "hidden.6", "majority", "mel", "phoneme", "word"]:
        assert word in page
    peak = study.data["levels"][0]["peak"]["estimate"]
    assert f"★ {peak['value']:.3f} [{peak['low']:.3f}, {peak['high']:.3f}]" in page
    data = json.loads(json.dumps(study.data))
    data["model"]["name"] = "<script>"
    assert "<script>" not in strata.Study(study.folder, data)._repr_html_()


def test_reading_gives_what_the_study_gave(study):
    for place in (study.folder, study.folder / "study.json", str(study.folder)):
        again = strata.read(place)
        pd.testing.assert_frame_equal(again.layers, study.layers)
        assert again.data == study.data
    assert study.report.is_file() and study.summary.startswith("# Which layers of")
    assert f"phoneme: {study.verdicts.decision[0]}" in repr(study)


def test_a_class_or_layer_called_na_stays_a_word(study, tmp_path):
    (tmp_path / "study.json").write_text(json.dumps(study.data))
    (tmp_path / "layers.csv").write_text("model,layer,level,probe,metric,value,ci_low,ci_high\nNA,null,x,x,accuracy,0.5,,\n")
    row = strata.read(tmp_path).layers.iloc[0]
    assert (row.model, row.layer) == ("NA", "null") and pd.isna(row.ci_low)


def test_the_same_seed_gives_the_same_table_and_options_pass_through(study, corpus, tmp_path):
    again = strata.study(
        FIXTURES / "w2v2-tiny-phones" / "model.ckpt", corpus, levels="phoneme,word",
        layers="conv.1,hidden.5,hidden.6", twins=1, seed=3, threads=1, output=tmp_path / "again", progress=False, maps=0)
    pd.testing.assert_frame_equal(again.layers, study.layers)


def test_options_become_arguments():
    made = _arguments(dict(levels=["phoneme", "word"], png=True, heads=12, hop="20ms", layers=None, normalise=False,
                           training=["a", "b"]))
    assert made == ["--levels=phoneme,word", "--png", "--heads=12", "--hop=20ms", "--training", "a", "b"]


@pytest.mark.parametrize(
    "given, status, words",
    [
        (dict(model="missing.ckpt"), 66, "missing.ckpt"),
        (dict(corpus="no-corpus"), 66, "no-corpus"),
        (dict(levels="phonem"), 64, "phoneme"),
        (dict(heads="many"), 64, "heads"),
    ])
def test_the_commands_errors_come_through(given, status, words, tmp_path):
    arguments = dict(model=FIXTURES / "w2v2-tiny-phones" / "model.ckpt", corpus=FIXTURES / "unseen") | given
    with pytest.raises(strata.StrataError, match=words) as caught:
        strata.study(**arguments, output=tmp_path / "out", progress=False)
    assert caught.value.status == status
    assert not str(caught.value).lower().startswith("error")


def test_what_is_no_study_is_told(tmp_path, study):
    with pytest.raises(strata.StrataError, match="there is no such folder"):
        strata.read(tmp_path / "none")
    with pytest.raises(strata.StrataError, match="there is no study.json"):
        strata.read(tmp_path)
    (tmp_path / "comparison.json").write_text("{}")
    with pytest.raises(strata.StrataError, match=r"a result of another kind \(comparison.json\)"):
        strata.read(tmp_path)
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(strata.StrataError, match="cannot be read as JSON"):
        strata.read(tmp_path)
    (tmp_path / "study.json").write_text('{"schema": 99, "levels": []}')
    with pytest.raises(strata.StrataError, match="found schema 99, expected"):
        strata.read(tmp_path)
    (tmp_path / "study.json").write_text(json.dumps(study.data))
    with pytest.raises(strata.StrataError, match="probe-layers report"):
        strata.read(tmp_path).layers
    with pytest.raises(TypeError, match="save_pretrained"):
        strata.study(object(), tmp_path)


def test_where_the_command_is_looked_for(tmp_path, monkeypatch):
    found = tmp_path / "probe-layers"
    found.write_text("#!/bin/sh\necho 'warning: mind this' >&2\necho 'Error: such a thing' >&2\nexit 65\n")
    monkeypatch.setenv("STRATA_PROBE_LAYERS", str(found))
    with pytest.raises(strata.StrataError, match="not a program that can be run"):
        strata.find_binary()
    found.chmod(found.stat().st_mode | stat.S_IXUSR)
    assert strata.find_binary() == found
    with pytest.warns(strata.StrataWarning, match="mind this"):
        with pytest.raises(strata.StrataError, match="^such a thing$") as caught:
            strata.study("m", "c", output=tmp_path / "o")
    assert caught.value.status == 65

    monkeypatch.delenv("STRATA_PROBE_LAYERS")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("strata._binary._PACKAGE", tmp_path / "a" / "b")
    assert strata.find_binary() == found
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(strata.StrataError, match="STRATA_PROBE_LAYERS to its path"):
        strata.find_binary()


def test_the_version_is_the_commands():
    source = (ROOT / "Sources" / "Strata" / "Version.swift").read_text()
    assert f'public static let version = "{strata.__version__}"' in source


def test_a_notebook_shows_a_study(study):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    book = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell(f"import strata\nstrata.read({str(study.folder)!r})"),
        nbformat.v4.new_code_cell("_.verdicts")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    shown = [cell.outputs[-1]["data"] for cell in book.cells]
    assert "★" in shown[0]["text/html"] and "beyond_baseline" in shown[1]["text/html"]
