"""Hidden states of a speech model in PyTorch, and the comparison of Strata with it.

    forward_peer.py model FAMILY FOLDER             makes a Hugging Face folder with random weights, and a waveform
    forward_peer.py peer FAMILY FOLDER              answers requests as forward-benchmark does
    forward_peer.py compare FAMILY BINARY FOLDER ROUNDS
                                                    runs both in turn, prints a table of times, memory and ratios

FAMILY is wav2vec2 (the size of wav2vec2-base), whisper (the encoder of whisper-base, always 30 s inside) or ast (the
size of ast-base, 10.24 s inside). The peer is transformers' model with sdpa attention in inference mode, keeping
every hidden state, behind transformers' own feature extractor. Or blstm: 40 learned filters of 25 ms every 10 ms and a
bidirectional nn.LSTM of 3 layers of 512, of which PyTorch gives the last layer only, Strata all. Both sides load once, read the same files, run a
first pass that is not counted, and are then asked in turn.
"""

import os
import statistics
import subprocess
import sys
import time

SECONDS = {"wav2vec2": (10, 30), "whisper": (30,), "ast": (10,), "blstm": (10, 30)}
THREADS = (1, 2)


def untrained(family):
    import transformers

    if family == "whisper":
        config = transformers.WhisperConfig(
            d_model=512, encoder_layers=6, encoder_attention_heads=8, encoder_ffn_dim=2048, decoder_layers=1,
            decoder_attention_heads=8, decoder_ffn_dim=64, vocab_size=64, max_target_positions=8, pad_token_id=0,
            bos_token_id=0, eos_token_id=0, decoder_start_token_id=0)
        return transformers.WhisperModel(config), transformers.WhisperFeatureExtractor()
    if family == "ast":
        return transformers.ASTModel(transformers.ASTConfig()), transformers.ASTFeatureExtractor()
    return (transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(mask_time_prob=0.0)),
            transformers.Wav2Vec2FeatureExtractor(do_normalize=True))


def blstm():
    from torch import nn

    return nn.ModuleDict({"filters": nn.Conv1d(1, 40, 400, stride=160),
                          "lstm": nn.LSTM(40, 512, num_layers=3, bidirectional=True, batch_first=True)})


ARCHITECTURE = """input: {features: waveform, normalise: utterance}
layers:
  - conv1d: filters
    stride: 160
  - lstm: lstm
    name: hidden
"""


def make(family, folder):
    import numpy as np
    import torch

    torch.manual_seed(0)
    model, extractor = (blstm(), None) if family == "blstm" else untrained(family)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:  # Norms away from 1 and biases from 0, so that one left out would show.
                parameter += 0.1 * torch.randn_like(parameter)
    if extractor is None:
        from safetensors.torch import save_file

        save_file(model.state_dict(), os.path.join(folder, "model.safetensors"))
        with open(os.path.join(folder, "architecture.yaml"), "w") as file:
            file.write(ARCHITECTURE)
    else:
        model.save_pretrained(folder)
        extractor.save_pretrained(folder)
    random = np.random.default_rng(0)
    n = max(SECONDS[family]) * 16000
    wave = np.cumsum(random.standard_normal(n)) * 0.01
    wave = wave - np.convolve(wave, np.ones(401) / 401, "same") + 0.02 * random.standard_normal(n)
    wave.astype(np.float32).tofile(os.path.join(folder, "waveform.f32"))


def recurrent_pass(folder):
    import torch
    from safetensors.torch import load_file

    model = blstm().eval()
    model.load_state_dict(load_file(os.path.join(folder, "model.safetensors")))

    def states(wave):
        with torch.inference_mode():
            wave = torch.from_numpy(wave)
            wave = (wave - wave.mean()) / wave.std()
            return model["lstm"](model["filters"](wave[None, None]).transpose(1, 2))[0]

    return states


def transformer_pass(family, folder):
    import torch
    from transformers import AutoFeatureExtractor, AutoModel, logging

    logging.disable_progress_bar()
    model = AutoModel.from_pretrained(folder, attn_implementation="sdpa").eval()
    if family == "whisper":
        model = model.encoder
    extractor = AutoFeatureExtractor.from_pretrained(folder)

    def states(wave):
        inputs = extractor(wave, sampling_rate=16000, return_tensors="pt")
        with torch.inference_mode():
            found = model(**inputs, output_hidden_states=True)
        assert len(found.hidden_states) >= 7
        return found.last_hidden_state

    return states


def peer(family, folder):
    import numpy as np
    import torch

    one_pass = recurrent_pass(folder) if family == "blstm" else transformer_pass(family, folder)
    wave = np.fromfile(os.path.join(folder, "waveform.f32"), np.float32)

    def states(seconds):
        return one_pass(wave[: seconds * 16000])

    def last(seconds):
        state = states(seconds)[0]
        if family == "ast":  # A frame is the mean over the patches of its column.
            columns = state[2:].reshape(12, -1, state.shape[1]).mean(0)
            state = columns[: (((seconds * 16000 - 400) // 160 + 1) - 16) // 10 + 1]
        return state.contiguous()

    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "run":
            torch.set_num_threads(int(words[2]))
            start = time.perf_counter(), time.process_time()
            states(int(words[1]))
            print(time.perf_counter() - start[0], time.process_time() - start[1], flush=True)
        elif words[0] == "save":
            last(int(words[1])).numpy().tofile(words[2])
            print("saved", flush=True)
        elif words[0] == "memory":
            status = open("/proc/self/status").read()
            print(int(status.split("VmHWM:")[1].split()[0]) * 1024, flush=True)


class Side:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(family, binary, folder, rounds):
    import numpy as np

    waveform = os.path.join(folder, "waveform.f32")
    ours = lambda: Side([binary, folder, waveform])
    theirs = lambda: Side([sys.executable, os.path.abspath(__file__), "peer", family, folder])
    print("| audio | threads | wall, Strata | wall, PyTorch | ratio | CPU, Strata | CPU, PyTorch | ratio "
          "| memory, Strata | memory, PyTorch | share |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for seconds in SECONDS[family]:
        for threads in THREADS:
            sides = [ours(), theirs()]  # Fresh ones: the largest memory is then this line's.
            times = [[], []]
            for turn in range(rounds + 1):
                for side, found in zip(sides, times):
                    time.sleep(0.3)  # PyTorch's threads spin for a while after a pass.
                    wall, cpu = map(float, side.ask(f"run {seconds} {threads}"))
                    if turn > 0:
                        found.append((wall, cpu))
            memory = [int(side.ask("memory")[0]) / 2**20 for side in sides]
            (wall, cpu), (wall2, cpu2) = [
                [statistics.median(column) for column in zip(*found)] for found in times]
            print(f"| {seconds} s | {threads} | {wall:.3f} s | {wall2:.3f} s | **{wall2 / wall:.2f}×** "
                  f"| {cpu:.3f} s | {cpu2:.3f} s | {cpu2 / cpu:.2f}× "
                  f"| {memory[0]:.0f} MiB | {memory[1]:.0f} MiB | {memory[0] / memory[1]:.2f} |", flush=True)
            for side in sides:
                side.close()
    sides, values = [ours(), theirs()], []
    for side in sides:
        path = os.path.join(folder, "last.f32")
        side.ask(f"save {SECONDS[family][0]} {path}")
        values.append(np.fromfile(path, np.float32))
        side.close()
    error = np.abs(values[0] - values[1]).max() / np.abs(values[1]).max()
    print(f"\nLargest difference of the last hidden state, relative to the largest value: {error:.1e}")


if __name__ == "__main__":
    command, rest = sys.argv[1], sys.argv[2:]
    if command == "model":
        make(*rest)
    elif command == "peer":
        peer(*rest)
    else:
        compare(rest[0], rest[1], rest[2], int(rest[3]))
