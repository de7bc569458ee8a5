"""Grad-CAM and input × gradient with captum, and the comparison of Strata with it.

    attribution_peer.py peer FOLDER                    answers requests as attribution-benchmark does
    attribution_peer.py compare BINARY FOLDER ROUNDS   runs both in turn, prints a table of times, memory and ratios

The model is forward_peer.py's wav2vec2-base with random weights. The target is unit 5 of the last hidden state, its mean
over all frames. captum's LayerGradCam wants channels before time, so the output of the layer before the last is led
through an identity that sees it that way. Both sides load once, run a first map that is not counted, and are then asked
in turn.
"""

import os
import statistics
import sys
import time

from forward_peer import Side

SECONDS = 10
METHODS = ("grad-cam", "gradient-input")
THREADS = (1, 2)


def peer(folder):
    import numpy as np
    import torch
    from captum.attr import InputXGradient, LayerGradCam
    from transformers import AutoFeatureExtractor, AutoModel, logging

    logging.disable_progress_bar()
    model = AutoModel.from_pretrained(folder, attn_implementation="sdpa").eval()
    extractor = AutoFeatureExtractor.from_pretrained(folder)
    wave = np.fromfile(os.path.join(folder, "waveform.f32"), np.float32)
    seen = torch.nn.Identity()

    def channels_first(module, inputs, output):
        hidden = output[0] if isinstance(output, tuple) else output
        hidden = seen(hidden.transpose(1, 2)).transpose(1, 2)
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    def target(values):
        return model(values).last_hidden_state[:, :, 5].mean(1)

    model.encoder.layers[-2].register_forward_hook(channels_first)

    def attribute(method, seconds):
        values = extractor(wave[: seconds * 16000], sampling_rate=16000, return_tensors="pt").input_values
        if method == "grad-cam":
            return LayerGradCam(target, seen).attribute(values, relu_attributions=True)[0, 0]
        return InputXGradient(target).attribute(values.requires_grad_())[0]

    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "run":
            torch.set_num_threads(int(words[3]))
            start = time.perf_counter(), time.process_time()
            assert attribute(words[1], int(words[2])).numel() > 0
            print(time.perf_counter() - start[0], time.process_time() - start[1], flush=True)
        elif words[0] == "save":
            attribute(words[1], int(words[2])).detach().numpy().tofile(words[3])
            print("saved", flush=True)
        elif words[0] == "memory":
            status = open("/proc/self/status").read()
            print(int(status.split("VmHWM:")[1].split()[0]) * 1024, flush=True)


def compare(binary, folder, rounds):
    import numpy as np

    waveform = os.path.join(folder, "waveform.f32")
    ours = lambda: Side([binary, folder, waveform])
    theirs = lambda: Side([sys.executable, os.path.abspath(__file__), "peer", folder])
    print("| map of 10 s | threads | wall, Strata | wall, captum | ratio | CPU, Strata | CPU, captum | ratio "
          "| memory, Strata | memory, captum | share |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for method in METHODS:
        for threads in THREADS:
            sides = [ours(), theirs()]
            times = [[], []]
            for turn in range(rounds + 1):
                for side, found in zip(sides, times):
                    time.sleep(0.3)  # PyTorch's threads spin for a while after a pass.
                    wall, cpu = map(float, side.ask(f"run {method} {SECONDS} {threads}"))
                    if turn > 0:
                        found.append((wall, cpu))
            memory = [int(side.ask("memory")[0]) / 2**20 for side in sides]
            (wall, cpu), (wall2, cpu2) = [
                [statistics.median(column) for column in zip(*found)] for found in times]
            print(f"| {method} | {threads} | {wall:.3f} s | {wall2:.3f} s | **{wall2 / wall:.2f}×** "
                  f"| {cpu:.3f} s | {cpu2:.3f} s | {cpu2 / cpu:.2f}× "
                  f"| {memory[0]:.0f} MiB | {memory[1]:.0f} MiB | {memory[0] / memory[1]:.2f} |", flush=True)
            for side in sides:
                side.close()
    sides, values = [ours(), theirs()], []
    for side in sides:
        path = os.path.join(folder, "map.f32")
        side.ask(f"save grad-cam {SECONDS} {path}")
        values.append(np.fromfile(path, np.float32))
        side.close()
    error = np.abs(values[0] - values[1]).max() / np.abs(values[1]).max()
    print(f"\nLargest difference of the Grad-CAM maps, relative to the largest value: {error:.1e}")


if __name__ == "__main__":
    command, rest = sys.argv[1], sys.argv[2:]
    if command == "peer":
        peer(*rest)
    else:
        compare(rest[0], rest[1], int(rest[2]))
