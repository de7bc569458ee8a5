"""Finished studies."""

from __future__ import annotations

import html
import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import StrataError

if TYPE_CHECKING:
    import pandas as pd

# The newest form of study.json that is known here.
_SCHEMA = 3


def read(folder: str | os.PathLike[str]) -> Study:
    """The finished study in `folder` (or of its `study.json`).

    Raises `StrataError` where there is none, or where a newer version wrote it.
    """
    given = Path(folder)
    path = given if given.name == "study.json" else given / "study.json"
    if not path.is_file():
        if not path.parent.is_dir():
            raise StrataError(f"{given}: there is no such folder")
        other = next(
            (name for name in ("comparison", "similarity", "attribution", "evidence")
             if (path.parent / f"{name}.json").is_file()), None)
        raise StrataError(
            f"{given}: there is no study.json, which a finished study has"
            + (f"; it holds a result of another kind ({other}.json)" if other else ""))
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StrataError(f"{path}: it cannot be read as JSON ({error})") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(schema, int) or "levels" not in data:
        raise StrataError(f"{path}: found no schema number and levels, expected a study as probe-layers writes it")
    if schema > _SCHEMA:
        raise StrataError(
            f"{path}: found schema {schema}, expected {_SCHEMA} or older: a newer Strata wrote it; update strata-layers")
    return Study(path.parent, data)


class Study:
    """A finished study: which layers of a model encode which levels of speech.

    `data` is all that `study.json` holds, by the words of `probe-layers schema study`.
    """

    def __init__(self, folder: Path, data: dict[str, Any]):
        self.folder = folder
        self.data = data

    # -- what it says -------------------------------------------------------------------------------------------------

    @property
    def model(self) -> str:
        return self.data["model"]["name"]

    @property
    def corpus(self) -> str:
        return self.data["corpus"]["name"]

    @property
    def report(self) -> Path:
        """The page, complete in itself: `webbrowser.open(study.report.as_uri())`."""
        return (self.folder / "report.html").resolve()

    @property
    def warnings(self) -> list[str]:
        return list(self.data.get("warnings", []))

    @property
    def summary(self) -> str:
        """The answer in words and the table, in Markdown."""
        return self._file("summary.md").read_text(encoding="utf-8")

    @cached_property
    def layers(self) -> pd.DataFrame:
        """Every number: a row for each layer, or baseline, level, probe and metric.

        Columns: model, layer, level, probe, metric, value, ci_low, ci_high (95 %), n, classes, of_spans, of_classes. A
        layer `NAME@untrained` is of the untrained model; majority, shuffled, mel, duration, … are baselines.
        """
        table = self._table("layers.csv")
        # As studies written before version 1.0 call them.
        table["layer"] = table["layer"].str.replace("@random", "@untrained", regex=False)
        table["metric"] = table["metric"].replace("gain_over_random", "gain_over_untrained")
        return table

    @cached_property
    def similarity(self) -> pd.DataFrame:
        """How alike layers are: measure, row_layer, column_layer, value, n, unit. See `similarity_matrix`."""
        return self._table("similarity.csv")

    @cached_property
    def spectra(self) -> pd.DataFrame:
        """The spread of each layer's variance: a row a layer."""
        return self._table("spectra.csv")

    def similarity_matrix(self, measure: str | None = None) -> pd.DataFrame:
        """One measure as a layers × layers table in the order of the data; the study's first where none is named."""
        table = self.similarity
        measures = list(dict.fromkeys(table["measure"]))
        if not measures:
            raise StrataError(f"{self.folder}: the study compared no layers")
        chosen = measures[0] if measure is None else measure
        if chosen not in measures:
            raise StrataError(f"there is no measure {chosen}; the study has {', '.join(measures)}")
        rows = table[table["measure"] == chosen]
        matrix = rows.pivot(index="row_layer", columns="column_layer", values="value")
        return matrix.loc[list(dict.fromkeys(rows["row_layer"])), list(dict.fromkeys(rows["column_layer"]))]

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """A row a level (and probe): whether it is encoded, and where it is read best.

        Columns: level, probe, decision (encoded, not encoded, undecided), readable, beyond_baseline, metric, peak (a
        layer), value, ci_low, ci_high, tied (layers that cannot be told from the peak, the peak left out), needed (how
        much data would decide; empty where it is decided).
        """
        import pandas as pd

        rows = []
        for level in self.data["levels"]:
            verdict, peak = level.get("verdict") or {}, level.get("peak") or {}
            estimate = peak.get("estimate") or {}
            name = (peak.get("layer") or {}).get("name")
            rows.append({
                "level": level["level"], "probe": level["probe"], "decision": verdict.get("decision"),
                "readable": verdict.get("isReadable"), "beyond_baseline": verdict.get("isBeyondBaseline"),
                "metric": level["metric"], "peak": name, "value": estimate.get("value"),
                "ci_low": estimate.get("low"), "ci_high": estimate.get("high"),
                "tied": [other["name"] for other in peak.get("peakSet", []) if other["name"] != name],
                "needed": _needed(verdict.get("needed")),
            })
        return pd.DataFrame(rows, columns=[
            "level", "probe", "decision", "readable", "beyond_baseline", "metric", "peak", "value", "ci_low", "ci_high",
            "tied", "needed"])

    # -- how it is shown ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        decisions = ", ".join(f"{row.probe}: {row.decision}" for row in self.verdicts.itertuples())
        return f"<Study of {self.model} on {self.corpus}: {decisions}; {self.folder}>"

    def _repr_html_(self) -> str:
        """The table of layers and levels for a notebook, with the peaks and the verdicts."""
        levels = self.data["levels"]
        cells = [_Column(level) for level in levels]
        names = list(dict.fromkeys(name for column in cells for name in column.order))
        head = "".join(f"<th>{html.escape(column.title)}</th>" for column in cells)
        body = "".join(
            f"<tr><th>{html.escape(name)}</th>{''.join(f'<td>{column.cell(name)}</td>' for column in cells)}</tr>"
            for name in names)
        verdicts = "".join(
            f"<li><b>{html.escape(row.probe)}</b>: {html.escape(str(row.decision))}"
            + (f", best at {html.escape(row.peak)}" if row.peak else "") + "</li>"
            for row in self.verdicts.itertuples())
        warnings = "".join(f"<li>{html.escape(text)}</li>" for text in self.warnings)
        return (
            f"<div><p><b>{html.escape(self.model)}</b> on {html.escape(self.corpus)}</p><ul>{verdicts}</ul>"
            f"<table><thead><tr><th>layer</th>{head}</tr></thead><tbody>{body}</tbody></table>"
            "<p>★ peak · ○ cannot be told from the peak · [95 % interval]</p>"
            + (f"<p>Warnings</p><ul>{warnings}</ul>" if warnings else "") + "</div>")

    # -- files --------------------------------------------------------------------------------------------------------

    def _file(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise StrataError(f"{path} is missing: `probe-layers report {self.folder}` writes it again")
        return path

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        # A class or a layer may be called NA.
        words = {"model", "layer", "level", "probe", "metric", "measure", "row_layer", "column_layer", "unit", "dead_dimensions",
                 "outlier_dimensions"}
        path = self._file(name)
        columns = pd.read_csv(path, nrows=0).columns
        return pd.read_csv(
            path, keep_default_na=False, na_values={column: [""] for column in columns if column not in words},
            dtype={column: str for column in columns if column in words})


class _Column:
    """A level's numbers by layer and baseline, for the table."""

    def __init__(self, level: dict[str, Any]):
        metric = _metric_key(level["metric"])
        peak = level.get("peak") or {}
        self.title = f"{level['probe']} ({level['metric']})"
        self.peak = (peak.get("layer") or {}).get("name")
        self.tied = {layer["name"] for layer in peak.get("peakSet", [])}
        values = {
            layer["layer"]["name"]: layer["metrics"].get(metric)
            for layer in level["layers"] if layer.get("metrics")
        }
        for name in ("majority", "shuffled", "mel"):
            if isinstance(level.get(name), dict) and metric in level[name]:
                values[name] = level[name][metric]
        self.values = values
        self.order = list(values)

    def cell(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, dict):
            return ""
        mark = "★ " if name == self.peak else "○ " if name in self.tied else ""
        return f"{mark}{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def _metric_key(metric: str) -> str:
    """The key of study.json: balanced_accuracy is balancedAccuracy."""
    first, *rest = metric.replace(" ", "_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _needed(needed: dict[str, Any] | None) -> str:
    if not needed:
        return ""
    low, high = needed.get("atLeast"), needed.get("atMost")
    return f"{low}–{high} {needed['unit']}" if high is not None else f"{low} {needed['unit']} or more"
