"""Hidden states of a speech model in PyTorch, and the comparison of Strata with it.

    forward_peer.py model FAMILY FOLDER             makes a Hugging Face folder with random weights, and a waveform
    forward_peer.py peer FAMILY FOLDER              answers requests as forward-benchmark does
    forward_peer.py compare FAMILY BINARY FOLDER ROUNDS
                                                    runs both in turn, prints a table of times, memory and ratios

FAMILY is wav2vec2 (the size of wav2vec2-base), whisper (the encoder of whisper-base, always 30 s inside) or ast (the
size of ast-base, 10.24 s inside). The peer is transformers' model with sdpa attention in inference mode, keeping
every hidden state, behind transformers' own feature extractor. Or blstm: 40 learned filters of 25 ms every 10 ms and a
bidirectional nn.LSTM of 3 layers of 512, of which PyTorch gives the last layer only, Strata all. Both sides read the
same files.
"""

import os
import sys

import in_turn

SECONDS = {"wav2vec2": (10, 30), "whisper": (30,), "ast": (10,), "blstm": (10, 30)}


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

    in_turn.answer(lambda seconds: states(int(seconds)), lambda seconds: last(int(seconds)).numpy())


def compare(family, binary, folder, rounds):
    waveform = os.path.join(folder, "waveform.f32")
    commands = [binary, folder, waveform], [sys.executable, os.path.abspath(__file__), "peer", family, folder]
    requests = [(f"{seconds} s", str(seconds)) for seconds in SECONDS[family]]
    in_turn.compare(commands, ("Strata", "PyTorch"), "audio", requests, rounds)
    error = in_turn.difference(commands, str(SECONDS[family][0]), folder)
    print(f"\nLargest difference of the last hidden state, relative to the largest value: {error:.1e}")


if __name__ == "__main__":
    command, rest = sys.argv[1], sys.argv[2:]
    if command == "model":
        make(*rest)
    elif command == "peer":
        peer(*rest)
    else:
        compare(rest[0], rest[1], rest[2], int(rest[3]))
