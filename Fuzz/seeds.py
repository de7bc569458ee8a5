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


def labels(target, *endings, made=b""):
    """The same clip in every label format, behind a byte that chooses an ending; what was found before."""
    def seeds(path, data):
        if made:
            yield b"0" + made
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


def distributed(path, data):
    if path.endswith("formats/dcp/.metadata"):
        yield data


def names(path, data):
    yield b"- {from: '^encoder\\.(\\d+)', to: 'layers.$1'}\n- {from: conv, to: cnn}\n"
    yield b"'^encoder\\.(\\d+)\\.': 'layers.$1.'\nconv: cnn\n"


def vocabulary(path, data):
    yield fixture("bert-made/vocab.txt")


def conllu(path, data):
    yield fixture("made.conllu")[:6000]
    if path.endswith(".conllu"):
        yield data[:6000]


def folder(path, data):
    yield (b"rec1 one.wav\nrec2 cat two.wav |\n%%%\nu2 rec1 3.0 4.0\nu1 rec1 1.0 2.5\n%%%\n"
           b"u2 1 0.1 0.4 bye\nu1 1 0.25 0.5 hello\nu1 1 0.75 0.5 you\nrec2 1 0.5 0.25 yes\n")


targets = {
    f.__name__: f
    for f in (
        checkpoint, safetensors, stream, pickle, npy, corpus, audio, index, architecture, configuration, tokenizer, hdf5,
        kaldi, activations, distributed, names, vocabulary, conllu, folder,
    )
}
for name, *endings in (
    ("textgrid", ".TextGrid"), ("timit", ".PHN", ".WRD", ".TXT"), ("ctm", ".ctm"), ("mfa-json", ".json"), ("csv", ".csv"),
    ("htk", ".lab"), ("mlf", ".mlf"), ("elan", ".tsv"), ("eaf", ".eaf"), ("audacity", ".audacity.txt"),
):
    targets[name] = labels(name, *endings)
for name, made in (
    ("whisperx", b'{"segments": [{"start": 0, "end": 2.5, "words": [{"word": "go", "start": 0.5, "end": 1, "score": 0.9}, '
                 b'{"word": "2014."}], "chars": [{"char": "g", "start": 0.5, "end": 0.6}]}]}'),
    ("gentle", b'{"transcript": "go do", "words": [{"alignedWord": "go", "case": "success", "start": 0.5, "end": 0.9, '
               b'"startOffset": 0, "endOffset": 2, "word": "go", "phones": [{"phone": "g_B", "duration": 0.2}]}]}'),
    ("nemo", b'{"timestamp": {"word": [{"word": "go", "start_offset": 6, "end_offset": 9, "start": 0.48, "end": 0.72}]}}'),
    ("esps", b"signal a\ntype 0\nnfields 1\n#\n   0.250000  121 sil\n   0.500000  121 g; g; x\n"),
    ("par", b"LHD: Partitur 1.3\nSAM: 16000\nORT: 0 go\nORT: 1 do\nKAN: 0 g@U\nMAU: 0 1599 0 g\nMAU: 1600 3199 1 d\n"),
    ("rttm", b"SPEAKER a 1 0.5 1.25 <NA> <NA> anna <NA> <NA>\nLEXEME a 1 0.5 0.25 go lex anna 0.9 <NA>\n"),
    ("librispeech", b'84-121123-0000 ",GO,,DO," "0.490,0.890,1.270,1.380,2.0"\n'),
    ("jsonl", b'{"id": "a", "recording_id": "a", "start": 0, "duration": 2.5, "channel": 0, "text": "go", "alignment": '
              b'{"word": [["go", 0.5, 0.4, 1.0]]}}\n{"audio": "a.wav", "words": [{"word": "go", "start": 0.5, "end": 1}]}\n'),
):
    targets[name] = labels(name, "." + name, made=made)


def main(target, folder):
    for root, _, names in os.walk(tests):
        for name in names:
            path = os.path.join(root, name)
            if "Resources" not in path or os.path.islink(path) or os.path.getsize(path) > 500_000:
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
