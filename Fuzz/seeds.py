"""Fills a corpus with the tests' small files, cut to what a target reads: seeds.py TARGET FOLDER"""
import hashlib, os, sys, zipfile

target, folder = sys.argv[1:]
resources = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Tests", "CheckpointsTests", "Resources")
magic = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")


def files():
    for root, _, names in os.walk(resources):
        for name in names:
            path = os.path.join(root, name)
            if os.path.getsize(path) < 500_000:
                with open(path, "rb") as file:
                    yield path, file.read()


def seeds(path, data):
    if target == "checkpoint" and len(data) < 16384 and not path.endswith((".py", ".json")):
        yield data
    if target == "safetensors" and path.endswith(".safetensors") and len(data) > 8:
        yield data[8:8 + int.from_bytes(data[:8], "little")][:16384]
    if target == "stream" and data.startswith(magic):
        yield data[len(magic):][:16384]
    if target == "pickle" and data.startswith(b"\x80") and not data.startswith(magic):
        yield data
    if target == "npy" and data.startswith(b"\x93NUMPY"):
        yield data[8:]
    if target in ("pickle", "npy") and data.startswith(b"PK") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if target == "pickle" and name.endswith("data.pkl"):
                    yield archive.read(name)[:16384]
                if target == "npy" and name.endswith(".npy"):
                    yield archive.read(name)[8:]


def label_seeds():
    """The same clip in every label format, behind a byte that chooses an ending; what was found before."""
    labels = os.path.join(os.path.dirname(resources), "..", "SpeechHierarchyTests", "Resources")
    endings = {
        "textgrid": ".TextGrid", "timit": (".PHN", ".WRD", ".TXT"), "ctm": ".ctm", "mfa-json": ".json", "csv": ".csv",
        "htk": ".lab", "mlf": ".mlf", "elan": ".tsv", "audacity": ".audacity.txt",
    }
    for root, _, names in os.walk(labels):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                data = file.read()
            if f"/found/{target}" in root:
                yield data
            elif target in endings and name.endswith(endings[target]):
                yield b"0" + data[:6000]
    if target == "corpus":
        grid = b'"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "words" 0 1 2 0 .5 "a" .5 1 "b"'
        yield b"speaker: {pattern: '^(.)'}\nsilence: [x]\n%%%\nid\tspeaker\nan_1\tan\n%%%\n" + grid
        yield b"tiers: {words: word}\nphone_set: ipa\nstress: keep\nsentence: words\n%%%\nid\n%%%\n" + grid


for path, data in [*files(), *(("label", seed) for seed in label_seeds())]:
    for seed in [data] if path == "label" else seeds(path, data):
        with open(os.path.join(folder, hashlib.sha1(seed).hexdigest()), "wb") as out:
            out.write(seed)
