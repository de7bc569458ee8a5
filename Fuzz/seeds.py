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


for path, data in files():
    for seed in seeds(path, data):
        with open(os.path.join(folder, hashlib.sha1(seed).hexdigest()), "wb") as out:
            out.write(seed)
