#!/usr/bin/env python3
"""Writes Sources/Probing/Bundled/*.swift from probes/*.yaml, so that an installed tool has them wherever it is.

    scripts/bundle-probes.py
"""
import pathlib

root = pathlib.Path(__file__).resolve().parent.parent
target = root / "Sources/Probing/Bundled"
target.mkdir(exist_ok=True)
for old in target.glob("*.swift"):
    old.unlink()
plain = ["phoneme", "syllable", "word"]
files = sorted((root / "probes").glob("*.yaml"))
levels = {f.stem: f.read_text().split("level: ")[1].split()[0] for f in files}


def swift(name, stems):
    lines = ["extension ProbeSpec {", f"  static let {name}: [(name: String, text: String)] = ["]
    for stem in stems:
        text = (root / "probes" / f"{stem}.yaml").read_text()
        lines += ["    (", f'      "{stem}",', '      """']
        lines += [("      " + line).rstrip() for line in text.split("\n")[:-1]]
        lines += ["", '      """', "    ),"]
    lines += ["  ]", "}", ""]
    (target / f"ProbeSpec+{name[0].upper()}{name[1:]}.swift").write_text("\n".join(lines))


swift("identityTexts", plain)
texts = [f.stem for f in files if "\ninput: text" in f.read_text()]
groups = {"soundTexts": ["sound"], "phoneTexts": ["phoneme"], "largerTexts": ["mora", "syllable", "word"]}
for name, own in groups.items():
    swift(name, [s for s in sorted(levels) if levels[s] in own and s not in plain + texts])
groups["textTexts"] = []
swift("textTexts", texts)
(target / "ProbeSpec+BundledTexts.swift").write_text(
    "extension ProbeSpec {\n"
    "  /// The definitions of `probes/` as they were when this was built (`scripts/bundle-probes.py` writes these\n"
    "  /// files), so that an installed tool has them wherever it is. A test holds the two equal.\n"
    "  static let bundledTexts = identityTexts + " + " + ".join(groups) + "\n}\n")
