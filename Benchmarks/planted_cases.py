"""Studies of activations whose answer is known, in several shapes, and what is wrong with what they say.

    planted_cases.py PROBE-LAYERS [CASE…]      BENCH_SEEDS=20 for the cases that are about seeds

Each case writes a corpus and frames of 20 ms into a scratch folder, runs the command on them as anybody would, and holds
study.json to what was planted. Prints a line a study and exits with 1 where one is wrong.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import soundfile
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEP, RATE = 0.02, 16000
SEEDS = int(os.environ.get("BENCH_SEEDS", "20"))


class Planted:
    """A corpus with its activations, and the command's study of them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.frames = {}
        self.count = 0

    def add(self, name, tiers, layers, sound=None):
        seconds = max(span[1] for spans in tiers.values() for span in spans)
        if sound is None:
            sound = 0.1 * np.random.default_rng(len(self.frames)).standard_normal(round(seconds * RATE))
        path = self.folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(f"{path}.wav", sound, RATE)
        text = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n{len(sound) / RATE:.6f}\n<exists>\n{len(tiers)}\n'
        for tier, spans in tiers.items():
            text += f'"IntervalTier"\n"{tier}"\n0\n{len(sound) / RATE:.6f}\n{len(spans)}\n'
            text += "".join(f'{start:.6f}\n{end:.6f}\n"{label}"\n' for start, end, label in spans)
        pathlib.Path(f"{path}.TextGrid").write_text(text)
        for layer, states in layers.items():
            self.frames[f"{name}/{layer}"] = np.ascontiguousarray(states, np.float32)

    def study(self, program, levels="phoneme", seed=0, command="run", more=()):
        activations = self.folder / "activations.safetensors"
        if not activations.exists():
            save_file(self.frames, activations)
        self.count += 1
        output = self.folder / f"out-{self.count}"
        arguments = [program, command, str(activations), "--hop", "20ms", "--corpus", str(self.folder / "corpus")]
        if command == "run":
            arguments += ["--levels", levels, "--maps", "0", "--seed", str(seed)]
        subprocess.run([*arguments, "--quiet", "--output", str(output), *more], check=True)
        names = {"run": "study.json", "measures": "measures.json"}
        return json.loads((output / names[command]).read_text())


def spoken(folder, label, state, layers, speakers=5, utterances=8, spans=20, seed=0, length=None):
    """label(speaker, utterance, generator) names a span, state(layer, speaker, utterance, label, frames, generator) gives its
    frames; spans of two to four frames, or of length(label), the least and the most."""
    generator, planted = np.random.default_rng(seed), Planted(folder)
    for speaker in range(speakers):
        for utterance in range(utterances):
            tier, frames, time = [], {layer: [] for layer in layers}, 0
            for _ in range(spans):
                count, name = int(generator.integers(2, 5)), label(speaker, utterance, generator)
                if length:
                    count = int(generator.integers(*length(name), endpoint=True))
                tier.append((time * STEP, (time + count) * STEP, name))
                for layer in layers:
                    frames[layer].append(state(layer, speaker, utterance, name, count, generator))
                time += count
            words = [(tier[i][0], tier[min(spans, i + 5) - 1][1], f"w{generator.integers(10**7)}") for i in range(0, spans, 5)]
            planted.add(
                f"s{speaker:02d}/s{speaker:02d}u{utterance:02d}", {"phones": tier, "words": words},
                {layer: np.concatenate(own) for layer, own in frames.items()},
            )
    return planted


def recorded(folder, state, every=2):
    """Real labels of `fixtures/unseen`: state(samples, tiers, times) gives the frames of hidden.0."""
    planted = Planted(folder)
    for number, path in enumerate(sorted((ROOT / "fixtures/unseen").glob("*/*.TextGrid"))):
        if number % every:
            continue
        samples, rate = soundfile.read(path.with_suffix(".flac"))
        assert rate == RATE
        tiers, name, words = {}, None, path.read_text().splitlines()
        for index, line in enumerate(word.strip() for word in words):
            if line.startswith("name ="):
                name = line.split('"')[1]
                tiers[name] = []
            if line.startswith("text ="):
                start, end = (float(words[index - back].split("=")[1]) for back in (2, 1))
                tiers[name].append((start, end, line[line.index('"') + 1 : -1]))
        times = STEP / 2 + STEP * np.arange(int(len(samples) / RATE / STEP))
        planted.add(f"{path.parent.name}/{path.stem}", tiers, {"hidden.0": state(samples, tiers, times)}, samples)
    return planted


def holder(tier, times):
    index = np.full(len(times), -1)
    for place, (start, end, _) in enumerate(tier):
        index[(times >= start) & (times < end)] = place
    return index


def spectrum(samples, times, bands=40):
    """Log-mel bands around each time."""
    padded = np.pad(samples, 256)
    windows = np.stack([padded[int(t * RATE) : int(t * RATE) + 512] for t in times]) * np.hanning(512)
    power = np.abs(np.fft.rfft(windows)) ** 2
    hertz = np.linspace(0, RATE / 2, power.shape[1])
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), bands + 2) / 2595) - 1)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return np.log(power @ np.maximum(0, np.minimum(rising, falling)).T + 1e-6)


def level(study, name="phoneme"):
    return next(own for own in study["levels"] if own["level"] == name)


def decision(study, name="phoneme"):
    return level(study, name)["verdict"]["decision"]


def intervals(value):
    """Every estimate in a result."""
    if isinstance(value, dict):
        if {"value", "low", "high"} <= value.keys():
            yield value
        for own in value.values():
            yield from intervals(own)
    elif isinstance(value, list):
        for own in value:
            yield from intervals(own)


def sound_intervals(study):
    wrong = [e for e in intervals(study["levels"]) if None not in e.values() and not e["low"] <= e["value"] <= e["high"]]
    return [f"{len(wrong)} intervals do not hold their value"] if wrong else []


# ---------------------------------------------------------------- the cases: each yields (what, faults)


def not_beyond(study, names, decided=False):
    faults = []
    for name in names:
        verdict = level(study, name)["verdict"]
        if verdict["decision"] != "not encoded":
            faults.append(f"{name} is {verdict['decision']}")
        if verdict.get("isBeyondBaseline"):
            faults.append(f"{name} is said to be beyond its baseline")
    return faults


def mel_and_duration(program, scratch):
    "Only log-mel and how long units are: nothing is encoded."
    for shape, bands, knots, tiers_of in [("as curves", 40, 16, ("phones", "syllables", "words")), ("as logarithms", 24, 0, ("phones", "words"))]:

        def state(samples, tiers, times):
            parts = [spectrum(samples, times, bands)]
            for tier in tiers_of:
                if tier not in tiers:
                    continue
                lengths, index = np.log([end - start for start, end, _ in tiers[tier]]), holder(tiers[tier], times)
                own = np.where(index >= 0, lengths[np.maximum(index, 0)], np.log(0.03))
                if knots:
                    centres = np.linspace(np.log(0.03), 0, knots)
                    parts.append(np.exp(-(((own[:, None] - centres) / (centres[1] - centres[0])) ** 2)))
                else:
                    parts.append(own[:, None])
            return np.hstack(parts)

        study = recorded(scratch(), state).study(program, "phoneme,syllable,word")
        yield shape, not_beyond(study, ["phoneme", "syllable", "word"]) + sound_intervals(study)


def phones(program, scratch):
    "Phones and nothing else: phonemes are encoded, larger units no further than their phones."
    names = sorted({
        line.split('"')[1]
        for path in (ROOT / "fixtures/unseen").glob("*/*.TextGrid")
        for line in path.read_text().split('"phones"')[1].split("item [")[0].splitlines() if "text =" in line
    })
    for shape, width, noise in [("one-hot", None, 0), ("in 96 random directions with noise", 96, 0.3)]:
        turn = np.eye(len(names)) if width is None else np.random.default_rng(1).standard_normal((len(names), width)) / 8
        generator = np.random.default_rng(2)

        def state(samples, tiers, times):
            index = holder(tiers["phones"], times)
            one = np.zeros((len(times), len(names)))
            for frame in np.flatnonzero(index >= 0):
                one[frame, names.index(tiers["phones"][index[frame]][2])] = 1
            return one @ turn + noise * generator.standard_normal((len(times), turn.shape[1]))

        study = recorded(scratch(), state).study(program, "phoneme,syllable,word")
        faults = [] if decision(study) == "encoded" else [f"phonemes are {decision(study)}"]
        for name in ("syllable", "word"):
            verdict = level(study, name)["verdict"]
            if not verdict["isReadable"]:
                faults.append(f"{name}s are not readable")
        yield shape, faults + not_beyond(study, ["syllable", "word"]) + sound_intervals(study)


def recordings(program, scratch):
    "Which recording it is, and a label that is one of it: nothing is encoded, codelengths are below 1."
    for shape, speakers, utterances, width, kinds in [("five speakers", 5, 8, 16, 4), ("twelve speakers, two kinds", 12, 5, 40, 2)]:
        code = np.random.default_rng(9).standard_normal((speakers, utterances, width))
        kind = np.random.default_rng(8).integers(0, kinds, (speakers, utterances))
        planted = spoken(
            scratch(), lambda s, u, r: f"k{kind[s, u]}",
            lambda layer, s, u, name, n, r: code[s, u] + 0.3 * r.standard_normal((n, width)), ["hidden.0"], speakers, utterances)
        found = decision(planted.study(program))
        measures = planted.study(program, command="measures")["measures"]
        code_length = [m["estimate"]["value"] for m in measures if m["name"] == "mdl_compression"]
        faults = [] if found != "encoded" else ["encoded"]
        faults += [f"MDL compresses {value:.2f}" for value in code_length if value is not None and value >= 1]
        yield shape, faults


def noise(program, scratch):
    "Noise: nothing is encoded, selectivity is 0 within its interval."
    for shape, shares, width in [("skewed", [0.6, 0.1, 0.1, 0.1, 0.1], 4), ("even, wide", [0.25] * 4, 64)]:
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.choice(len(shares), p=shares)}",
            lambda layer, s, u, name, n, r: r.standard_normal((n, width)), ["hidden.0", "hidden.1", "hidden.2"], spans=25)
        faults, decisions = [], set()
        for seed in range(SEEDS // 4):
            study = planted.study(program, seed=seed)
            decisions.add(decision(study))
            for layer in level(study)["layers"]:
                own = layer["selectivity"]
                if not own["low"] <= 0 <= own["high"]:
                    faults.append(f"seed {seed}: selectivity of {layer['layer']['name']} is {own}")
        faults = faults if len(faults) > 0.1 * 3 * SEEDS / 4 else []
        yield shape, faults + ([] if "encoded" not in decisions else [f"{decisions}"])


def weak_signal(program, scratch):
    "A weak signal: one decision, whatever the study's seed."
    for shape, size, speakers, utterances, shares in [
        ("40 % above noise", 1.1, 5, 12, [0.6, 0.1, 0.1, 0.1, 0.1]), ("weaker", 0.6, 5, 12, [0.6, 0.1, 0.1, 0.1, 0.1]),
        ("weaker, of twelve speakers", 0.5, 12, 6, [0.4, 0.2, 0.2, 0.1, 0.1]),
    ]:
        means = size * np.random.default_rng(7).standard_normal((5, 4))
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.choice(5, p=shares)}",
            lambda layer, s, u, name, n, r: means[int(name[1:])] + 2 * r.standard_normal((n, 4)), ["hidden.0"], speakers,
            utterances, 25)
        found = [decision(planted.study(program, seed=seed)) for seed in range(SEEDS)]
        counts = {name: found.count(name) for name in sorted(set(found))}
        yield f"{shape} {counts}", [] if len(counts) == 1 else ["decisions differ"]


def equal_layers(program, scratch):
    "Layers that are equally good: none is left out of the peak set, but in about one of twenty studies."
    for count in (8, 24):
        left_out = 0
        for seed in range(SEEDS):
            means = 0.9 * np.random.default_rng(1000 + seed).standard_normal((6, 8))
            planted = spoken(
                scratch(), lambda s, u, r: f"c{r.integers(6)}",
                lambda layer, s, u, name, n, r: means[int(name[1:])] + 2.5 * r.standard_normal((n, 8)),
                [f"hidden.{k}" for k in range(count)], spans=25, seed=seed)
            left_out += len(level(planted.study(program))["peak"]["peakSet"]) < count
        # With 20 studies 1 is expected, and more than 3 in one of sixty such rows.
        yield f"{count}: {left_out} of {SEEDS}", [] if left_out <= max(1, 0.15 * SEEDS) else ["too often"]


def outlier_rows(program, scratch):
    "Frames of a thousand times the size are named, and numbers stand without them."
    for shape, width, factor, first in [("1e3", 16, 1e3, 10), ("1e5, wide", 60, 1e5, 31)]:
        means = 1.5 * np.random.default_rng(3).standard_normal((6, width))
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.integers(6)}",
            lambda layer, s, u, name, n, r: means[int(name[1:])] + 2 * r.standard_normal((n, width)), ["hidden.0"], spans=25)
        names = sorted(planted.frames)
        for name in names:
            copy = planted.frames[name].copy()
            if name == names[3]:
                copy[first : first + 3] *= factor
            planted.frames[name.replace("hidden.0", "hidden.1")] = copy
        study = planted.study(program)
        own = next(layer for layer in level(study)["layers"] if layer["layer"]["name"] == "hidden.1")
        rows = (own.get("outliers") or {}).get("rows", [])
        faults = [] if rows and all(row["utterance"] == names[3].rsplit("/", 1)[0] for row in rows) else ["not named"]
        faults += [f"at {row['start']}" for row in rows if not (first - 4) * STEP < row["start"] < (first + 4) * STEP]
        clean = next(layer for layer in level(study)["layers"] if layer["layer"]["name"] == "hidden.0")
        without = (own.get("outliers") or {}).get("metricsWithout", {}).get("accuracy", {}).get("value", 0)
        if abs(without - clean["metrics"]["accuracy"]["value"]) > 0.02:
            faults.append(f"{without} without them")
        for matrix in study["similarity"]:
            if any(value is not None and abs(value) > 1 + 1e-9 for row in matrix["values"] for value in row):
                faults.append(f"{matrix['measure']} leaves [-1, 1]")
        yield shape, faults


def one_speakers_classes(program, scratch):
    "Classes of one speaker cannot be tested, and are named with their spans."
    for shape, speakers, own in [("three of six", 5, 3), ("one of four", 12, 1)]:
        shared = 3
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.integers(shared) if s else r.integers(shared + own)}",
            lambda layer, s, u, name, n, r: 4 * np.eye(10)[int(name[1:])] + r.standard_normal((n, 10)), ["hidden.0"], speakers)
        scope = level(planted.study(program))["scope"]
        left = [rule for rule in scope["leftOut"] if rule["rule"].startswith("not in both")]
        right = len(left) == 1 and left[0]["classes"] == own and scope["classes"] == shared
        right = right and left[0]["spans"] + scope["spans"] == scope["ofSpans"] and len(left[0]["named"]) == own
        yield shape, [] if right else [json.dumps(scope)]


def speakers_own(program, scratch):
    "Who speaks, and classes that speakers say more often than others do: not encoded."
    for shape, speakers, utterances, share in [("twelve speakers", 12, 5, 0.7), ("six speakers", 6, 8, 0.8)]:
        generator = np.random.default_rng(4)
        code, own = generator.standard_normal((speakers, 16)), generator.integers(0, 6, (speakers, 2))
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.choice(own[s]) if r.random() < share else r.integers(6)}",
            lambda layer, s, u, name, n, r: code[s] + 0.3 * r.standard_normal((n, 16)), ["hidden.0"], speakers, utterances)
        study = planted.study(program)
        yield shape, not_beyond(study, ["phoneme"]) + sound_intervals(study)


def durations(program, scratch):
    "Durations, and classes that differ in nothing else: readable, and not beyond them."
    lengths = {"c0": (2, 3), "c1": (4, 6), "c2": (7, 9), "c3": (2, 9)}
    forms = {"logarithms": lambda n: [np.log(n)], "curves": lambda n: np.exp(-((np.arange(2, 10) - n) ** 2))}
    for shape, form in forms.items():
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.integers(4)}",
            lambda layer, s, u, name, n, r: 3 * np.tile(form(n), (n, 1)) + 0.05 * r.standard_normal((n, len(form(n)))),
            ["hidden.0"], 6, 16, length=lengths.get)
        study = planted.study(program)
        verdict = level(study)["verdict"]
        faults = [] if verdict["isReadable"] else ["not readable"]
        faults += ["said to be beyond durations"] if verdict["isBeyondBaseline"] or verdict["decision"] == "encoded" else []
        yield shape, faults + sound_intervals(study)


def few_recordings(program, scratch):
    "Two recordings decide nothing."
    for shape, speakers, utterances in [("of one speaker", 1, 2), ("nine of three", 3, 3)]:
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.integers(4)}",
            lambda layer, s, u, name, n, r: 5 * np.eye(4)[int(name[1:])] + 0.2 * r.standard_normal((n, 4)), ["hidden.0"],
            speakers, utterances, 40)
        found = decision(planted.study(program))
        yield shape, [] if found == "undecided" else [found]


def nearly_perfect(program, scratch):
    "Every interval holds its own value."
    for shape, classes, speakers in [("40 classes", 40, 3), ("7 classes, ten speakers", 7, 10)]:
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.integers(classes)}",
            lambda layer, s, u, name, n, r: 6 * np.eye(classes)[int(name[1:])] + 0.3 * r.standard_normal((n, classes)),
            ["hidden.0"], speakers, 5, 60)
        study = planted.study(program)
        yield shape, sound_intervals(study) + ([] if decision(study) == "encoded" else [decision(study)])


def copies(program, scratch):
    "Copies, scaled, shifted and turned: one peak set, and equal weights in a mixture."
    for shape, width, factor in [("8 dimensions", 8, 7), ("30 dimensions", 30, 0.01)]:
        generator = np.random.default_rng(4)
        means, turn = generator.standard_normal((6, width)), np.linalg.qr(generator.standard_normal((width, width)))[0]
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.integers(6)}",
            lambda layer, s, u, name, n, r: 0.9 * means[int(name[1:])] + 2 * r.standard_normal((n, width)), ["hidden.0"])
        for name in list(planted.frames):
            first = planted.frames[name]
            for layer, states in [("hidden.1", first), ("hidden.2", factor * first + 3), ("hidden.3", first @ turn)]:
                planted.frames[name.replace("hidden.0", layer)] = np.ascontiguousarray(states, np.float32)
        peaks = level(planted.study(program))["peak"]["peakSet"]
        measures = planted.study(program, command="measures")["measures"]
        weights = [m["estimate"]["value"] for m in measures if m["name"] == "mixture_weight"]
        faults = [] if len(peaks) == 4 else [f"{len(peaks)} in the peak set"]
        faults += [] if max(weights) - min(weights) < 0.02 else [f"weights {weights}"]
        yield shape, faults


def many_classes(program, scratch):
    "Many classes of few spans: says how many are probed, of how many spans."
    for shape, classes, utterances, spans in [("500 of 12 spans", 500, 12, 100), ("120 of 8 spans", 120, 6, 32)]:
        means = np.random.default_rng(0).standard_normal((classes, 24))
        planted = spoken(
            scratch(), lambda s, u, r: f"c{r.integers(classes)}",
            lambda layer, s, u, name, n, r: means[int(name[1:])] + 0.3 * r.standard_normal((n, 24)), ["hidden.0"], 5,
            utterances, spans)
        study = planted.study(program)
        scope = level(study)["scope"]
        whole = scope["spans"] + sum(rule["spans"] for rule in scope["leftOut"])
        faults = [] if whole == scope["ofSpans"] and scope["spans"] >= 0.5 * scope["ofSpans"] else [json.dumps(scope)[:200]]
        yield f"{shape}: {scope['classes']}/{scope['ofClasses']} classes, {scope['spans']}/{scope['ofSpans']} spans", faults


CASES = [
    mel_and_duration, phones, recordings, noise, weak_signal, equal_layers, outlier_rows, one_speakers_classes, speakers_own,
    durations, few_recordings, nearly_perfect, copies, many_classes,
]

if __name__ == "__main__":
    program, *names = sys.argv[1:]
    isRight = True
    for case in CASES:
        if names and case.__name__ not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            numbers = iter(range(10**6))
            for shape, faults in case(program, lambda: pathlib.Path(folder) / str(next(numbers))):
                isRight = isRight and not faults
                print(f"{'FAIL' if faults else 'ok  '} {case.__name__} ({shape}): {'; '.join(faults) or case.__doc__}", flush=True)
    sys.exit(0 if isRight else 1)
