"""Grad-CAM and input × gradient with captum, and the comparison of Strata with it.

    attribution_peer.py peer FOLDER                    answers requests as attribution-benchmark does
    attribution_peer.py compare BINARY FOLDER ROUNDS   runs both in turn, prints a table of times, memory and ratios

The model is forward_peer.py's wav2vec2-base with random weights. The target is unit 5 of the last hidden state, its mean
over all frames. captum's LayerGradCam wants channels before time, so the output of the layer before the last is led
through an identity that sees it that way.
"""

import os
import sys

import in_turn

SECONDS = 10
METHODS = ("grad-cam", "gradient-input")


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
        sound = wave[: int(seconds) * 16000]
        values = extractor(sound, sampling_rate=16000, return_tensors="pt").input_values
        if method == "grad-cam":
            return LayerGradCam(target, seen).attribute(values, relu_attributions=True)[0, 0]
        return InputXGradient(target).attribute(values.requires_grad_())[0]

    in_turn.answer(attribute, lambda *words: attribute(*words).detach().numpy())


def compare(binary, folder, rounds):
    waveform = os.path.join(folder, "waveform.f32")
    commands = [binary, folder, waveform], [sys.executable, os.path.abspath(__file__), "peer", folder]
    requests = [(method, f"{method} {SECONDS}") for method in METHODS]
    in_turn.compare(commands, ("Strata", "captum"), f"map of {SECONDS} s", requests, rounds)
    error = in_turn.difference(commands, f"grad-cam {SECONDS}", folder)
    print(f"\nLargest difference of the Grad-CAM maps, relative to the largest value: {error:.1e}")


if __name__ == "__main__":
    command, rest = sys.argv[1], sys.argv[2:]
    if command == "peer":
        peer(*rest)
    else:
        compare(rest[0], rest[1], int(rest[2]))
