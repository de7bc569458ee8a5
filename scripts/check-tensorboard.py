"""Reads a study's TensorBoard folder with tensorboard's own reader and compares it with layers.csv."""

import csv
import json
import pathlib
import sys

from google.protobuf import text_format
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

study, runs = map(pathlib.Path, sys.argv[1:])
events = EventMultiplexer().AddRunsFromDirectory(str(runs))
events.Reload()
depth = {
    tap["layer"]["name"]: tap["layer"]["depth"]
    for tap in json.loads((study / "study.json").read_text())["model"]["tapPoints"]
}

compared = 0
for row in csv.DictReader((study / "layers.csv").open()):
    layer, _, twin = row["layer"].partition("@")
    if layer not in depth or row["metric"].startswith("gain_over_untrained") or not row["value"]:
        continue
    tag = f"{row['level']}/{row['metric'].replace('gain_over_mel', 'gain over mel')}"
    run = "untrained model" if twin else "trained"
    for column, suffix in [("value", ""), ("ci_low", " (95 % low)"), ("ci_high", " (95 % high)")]:
        found = {event.step: event.value for event in events.Scalars(run, tag + suffix)}
        assert abs(found[depth[layer]] - float(row[column])) < 1e-6, (run, tag, row)
        compared += 1
assert compared > 20, compared

pictures = events.GetAccumulator("trained").Tags()["images"]
for name in pictures:
    (image,) = events.Images("trained", name)
    assert image.width > 100 and image.height > 100, name
verdicts = events.GetAccumulator("trained").Tags()["tensors"]
assert "phoneme" in verdicts, verdicts

config = text_format.Parse((runs / "projector_config.pbtxt").read_text(), ProjectorConfig())
for embedding in config.embeddings:
    vectors = (runs / embedding.tensor_path).read_text().splitlines()
    labels = (runs / embedding.metadata_path).read_text().splitlines()
    assert len(vectors) == len(labels) - 1 > 10
    assert len({len(row.split("\t")) for row in vectors}) == 1
print(f"{compared} scalars, {len(pictures)} pictures, {len(verdicts)} verdicts, {len(config.embeddings)} embeddings")
