"""Starts a corpus with the tests' files, cut to what a target reads: seeds.py TARGET FOLDER

A target is a function from a file's path and bytes to the inputs that it yields; a room adds its own to `targets`.
"""
import hashlib, io, os, sys, zipfile

tests = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Tests")
torch_magic = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")


def checkpoint(path, data):
    if "CheckpointsTests" in path and not path.endswith((".py", ".json", ".md")):
        yield data


def safetensors(path, data):
    if path.endswith(".safetensors") and len(data) > 8:
        yield data[8:8 + int.from_bytes(data[:8], "little")]


def stream(path, data):
    if data.startswith(torch_magic):
        yield data[len(torch_magic):]


def entries(data, suffix):
    if data.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                if name.endswith(suffix):
                    yield archive.read(name)


def pickle(path, data):
    if data.startswith(b"\x80") and not data.startswith(torch_magic):
        yield data
    yield from entries(data, "data.pkl")


def npy(path, data):
    for array in [data, *entries(data, ".npy")]:
        if array.startswith(b"\x93NUMPY"):
            yield array[8:]


def labels(target, *endings):
    """The same clip in every label format, behind a byte that chooses an ending; what was found before."""
    def seeds(path, data):
        if "CorporaTests" in path and f"/found/{target}" in path:
            yield data
        elif "CorporaTests" in path and path.endswith(endings):
            yield b"0" + data[:6000]
    return seeds


def corpus(path, data):
    if "CorporaTests" in path and "/found/corpus" in path:
        yield data
    grid = b'"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "words" 0 1 2 0 .5 "a" .5 1 "b"'
    yield b"speaker: {pattern: '^(.)'}\nsilence: [x]\n%%%\nid\tspeaker\nan_1\tan\n%%%\n" + grid
    yield b"tiers: {words: word}\nphone_set: ipa\nstress: keep\nsentence: words\n%%%\nid\n%%%\n" + grid


def fixture(name):
    with open(os.path.join(tests, "..", "fixtures", name), "rb") as file:
        return file.read()


def audio(path, data):
    if "AudioTests" in path and len(data) < 16384:
        yield data


def index(path, data):
    yield b'{"metadata": {"total_size": 8}, "weight_map": {"embeddings.LayerNorm.weight": "model.safetensors"}}'
    if path.endswith(".index.json"):
        yield data


def architecture(path, data):
    yield fixture("crnn/architecture.yaml")
    if "architecture" in path and path.endswith(".yaml"):
        yield data


def configuration(path, data):
    yield fixture("bert-made/config.json")


def tokenizer(path, data):
    yield (b'{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<|x|>": 3}, "merges": [["a", "b"]]}, '
           b'"added_tokens": [{"id": 3, "content": "<|x|>", "special": true}], "normalizer": null, '
           b'"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true}}')
    if path.endswith("tokenizer.json"):
        yield data


def hdf5(path, data):
    if data.startswith(b"\x89HDF"):
        yield data


def kaldi(path, data):
    if path.endswith(".ark"):
        yield b"a a.ark:2\n%%%\n" + data
    if path.endswith(".scp"):
        yield data


def activations(path, data):
    yield b"layers:\n  - {name: hidden.1, file: a}\nhop: 20ms\nfirst_centre: 10ms\n%%%\n"
    if data.startswith(b"\x93NUMPY"):
        yield b"hop: 20ms\n%%%\n" + data


targets = {
    f.__name__: f
    for f in (
        checkpoint, safetensors, stream, pickle, npy, corpus, audio, index, architecture, configuration, tokenizer, hdf5,
        kaldi, activations,
    )
}
for name, *endings in (
    ("textgrid", ".TextGrid"), ("timit", ".PHN", ".WRD", ".TXT"), ("ctm", ".ctm"), ("mfa-json", ".json"), ("csv", ".csv"),
    ("htk", ".lab"), ("mlf", ".mlf"), ("elan", ".tsv"), ("eaf", ".eaf"), ("audacity", ".audacity.txt"),
):
    targets[name] = labels(name, *endings)


def main(target, folder):
    for root, _, names in os.walk(tests):
        for name in names:
            path = os.path.join(root, name)
            if "Resources" not in path or os.path.getsize(path) > 500_000:
                continue
            with open(path, "rb") as file:
                data = file.read()
            try:
                for seed in targets[target](path, data):
                    seed = seed[:16384]
                    with open(os.path.join(folder, hashlib.sha1(seed).hexdigest()), "wb") as out:
                        out.write(seed)
            except (zipfile.BadZipFile, NotImplementedError):
                pass  # one of the tests' broken files


main(*sys.argv[1:])
