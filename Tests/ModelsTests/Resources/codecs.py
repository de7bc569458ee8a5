"""Makes encodec/, encodec_stereo/, wavtokenizer/, dac/, mimi/, pocket_tts/, vibevoice/, pe_audio/ and xcodec/:
`python3 codecs.py [NAME …]` (torch, transformers 5.24.0, safetensors, soundfile), run here.

Tiny codecs with fixed random weights, and what transformers computes from them in float64, rounded to float32, under the
names of our tap points; of layers with many frames only every sixteenth, eighth or fourth. Codebooks are drawn around the
latents, so that many codes are used. The decoders' weights are left out of the files: nothing here reads them.
"""

import sys
from pathlib import Path

import soundfile
import torch
from safetensors.torch import load_file, save_file
from transformers import (DacConfig, DacFeatureExtractor, DacModel, EncodecConfig, EncodecFeatureExtractor, EncodecModel,
                          MimiConfig, MimiModel)
from transformers.models.wavtokenizer import WavTokenizerConfig, WavTokenizerModel

here = Path(__file__).parent
SAMPLES = 4003
RATE = 16_000


def disturbed(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            if value.dim() < 2 or name.endswith(("alpha", "original0")):
                value.add_(0.2 * noise)
            elif "codebook" not in name:
                value.add_(0.05 * noise)
    return model.eval()


class Taps:
    def __init__(self):
        self.values = {}
        self.listens = True

    def keep(self, name, value, frames_first=False):
        value = value.detach()[0]
        self.values[name] = value if frames_first else value.T

    def hook(self, module, name, frames_first=False):
        def heard(_, __, output):
            if self.listens:
                self.keep(name, output[0] if isinstance(output, tuple) else output, frames_first)

        module.register_forward_hook(heard)


def seanet(taps, encoder, ratios, units):
    """The strided convolutions, and the LSTM where there is one, of a list of modules."""
    index = 0
    for stage in range(len(ratios)):
        index += units + 2
        taps.hook(encoder.layers[index], f"conv.{stage + 1}")
    if type(encoder.layers[index + 1]).__name__.endswith("LSTM"):
        taps.hook(encoder.layers[index + 1], "lstm")


def spread(latents, count, seed):
    """Codes around the latents, `[count × width]`."""
    generator = torch.Generator().manual_seed(seed)
    mean, deviation = latents.mean(0), latents.std(0)
    return (mean + deviation * torch.randn((count, latents.shape[1]), generator=generator)).to(latents.dtype)


def euclidean(taps, latents, layers, first=0, seed=0, output=None, before=0):
    """Draws the codebooks of a residual quantiser, each around what is left, and notes what it does."""
    rest, inner = latents, 0
    for number, layer in enumerate(layers, first + 1):
        book = layer.codebook
        vectors = spread(rest, book.codebook_size, seed + number)
        if hasattr(book, "embed_sum"):
            with torch.no_grad():
                usage = 0.5 + torch.rand(book.codebook_size, generator=torch.Generator().manual_seed(number))
                book.cluster_usage.copy_(usage)
                book.embed_sum.copy_(vectors * usage[:, None])
        else:
            book.embed.copy_(vectors)
        codes = layer.decode(layer.encode(rest.T[None]))
        code = codes[0].T
        rest = rest - code
        inner = inner + code
        outer = inner if output is None else output(inner.T[None])[0].T
        taps.values[f"codes.{number}"] = code
        taps.values[f"quantised.{number}"] = before + outer
    return before + outer


def sound(channels=1):
    wave, rate = soundfile.read(here / "conformer_rope" / "input.wav", dtype="float32")
    assert rate == RATE
    return torch.tensor(wave[3000:3000 + SAMPLES])[None, None].repeat(1, channels, 1)


def save(name, model, taps, samples, thinned=True, rate=RATE):
    folder = here / name
    model.float().save_pretrained(folder)
    weights = {key: value for key, value in load_file(folder / "model.safetensors").items()
               if not key.startswith(("decoder", "upsample", "backbone", "head", "latent_proj", "acoustic_decoder", "fc1", "fc2"))
               and not key.endswith(("embed_avg", "cluster_size", "inited", "initialized"))}
    save_file(weights, folder / "model.safetensors")
    soundfile.write(folder / "input.wav", samples.numpy(), rate, subtype="PCM_16")
    steps = {"conv.1": 16, "conv.2": 8, "conv.3": 4} if thinned else {}
    save_file({key: value[::steps.get(key.removeprefix("acoustic."), 1)].float().contiguous() for key, value in taps.values.items()},
              folder / "hidden_states.safetensors")
    print(name, {key: list(value.shape) for key, value in taps.values.items()})


SMALL = dict(num_filters=2, hidden_size=10, codebook_size=16, sampling_rate=RATE, upsampling_ratios=[5, 4, 3, 2])


def encodec(name, units, chunk=None, **settings):
    torch.manual_seed(1)
    config = EncodecConfig(**SMALL, codebook_dim=10, num_residual_layers=units, **settings)
    model = disturbed(EncodecModel(config), 2).double()
    taps = Taps()
    seanet(taps, model.encoder, config.upsampling_ratios, units)
    x = sound(config.audio_channels)
    given = x.double()
    if chunk:
        given = torch.nn.functional.pad(given, (0, chunk - SAMPLES))
    if config.normalize:
        given = given / (given.mean(1, keepdim=True).pow(2).mean(-1, keepdim=True).sqrt() + 1e-8)
    with torch.no_grad():
        latents = model.encoder(given)
        taps.keep("latents", latents)
        taps.listens = False
        euclidean(taps, taps.values["latents"], model.quantizer.layers, seed=10)
        codes = model.encode(torch.nn.functional.pad(x, (0, chunk - SAMPLES)).double() if chunk else x.double(),
                             bandwidth=config.target_bandwidths[-1]).audio_codes[0, 0]
        for number, layer in enumerate(model.quantizer.layers, 1):
            assert torch.equal(layer.decode(codes[None, number - 1])[0].T, taps.values[f"codes.{number}"])
    if chunk:  # frames with sound
        hop = 1
        for key, ratio in zip(["conv.1", "conv.2", "conv.3", "conv.4"], reversed(config.upsampling_ratios)):
            hop *= ratio
            taps.values[key] = taps.values[key][:-(-SAMPLES // hop)]
        for key in taps.values:
            if not key.startswith("conv"):
                taps.values[key] = taps.values[key][:-(-SAMPLES // hop)]
    save(name, model, taps, x[0, 0])
    EncodecFeatureExtractor(feature_size=config.audio_channels, sampling_rate=RATE, chunk_length_s=config.chunk_length_s,
                            overlap=config.overlap).save_pretrained(here / name)


def wavtokenizer():
    torch.manual_seed(3)
    config = WavTokenizerConfig(**SMALL, codebook_dim=10, decoder_hidden_size=8, decoder_intermediate_size=8,
                                decoder_num_layers=1, decoder_attention_num_groups=2, num_lstm_layers=1)
    model = disturbed(WavTokenizerModel(config), 4).double()
    inner = model.encoder_model
    taps = Taps()
    seanet(taps, inner.encoder, config.upsampling_ratios, 1)
    x = sound()
    with torch.no_grad():
        taps.keep("latents", inner.encoder(x.double()))
        taps.listens = False
        euclidean(taps, taps.values["latents"], [inner.quantizer], seed=20)
        assert torch.equal(inner.quantizer.decode(inner.encode(x.double()).audio_codes[0])[0].T, taps.values["codes.1"])
    save("wavtokenizer", model, taps, x[0, 0])


def dac():
    torch.manual_seed(5)
    config = DacConfig(encoder_hidden_size=2, decoder_hidden_size=16, n_codebooks=3, codebook_size=16, codebook_dim=4,
                       downsampling_ratios=[2, 3, 4, 5], sampling_rate=RATE)
    model = DacModel(config)
    model.apply_weight_norm()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if key.endswith("original0"):
                value.mul_(8)  # their first weights hardly let anything through
    model = disturbed(model, 6).double()
    taps = Taps()
    for stage, block in enumerate(model.encoder.block, 1):
        taps.hook(block, f"conv.{stage}")
    x = sound()
    given = torch.nn.functional.pad(x.double(), (0, -SAMPLES % config.hop_length))
    with torch.no_grad():
        taps.keep("latents", model.encoder(given))
        rest, total = taps.values["latents"], 0
        for number, layer in enumerate(model.quantizer.quantizers, 1):
            projected = layer.in_proj(rest.T[None])[0].T
            layer.codebook.weight.copy_(spread(projected, config.codebook_size, 30 + number))
            code = layer.decode_latents(projected.T[None])[0][0].T
            own = layer.out_proj(code.T[None])[0].T
            rest, total = rest - own, total + own
            taps.values[f"codes.{number}"], taps.values[f"quantised.{number}"] = code, total
        assert torch.allclose(model.encode(given).quantized_representation[0].T, total)
    save("dac", model, taps, x[0, 0])
    DacFeatureExtractor(sampling_rate=RATE, hop_length=config.hop_length).save_pretrained(here / "dac")


def mimi():
    torch.manual_seed(7)
    config = MimiConfig(**{**SMALL, "hidden_size": 12}, codebook_dim=8, num_quantizers=3, num_semantic_quantizers=1,
                        vector_quantization_hidden_dimension=8, upsample_groups=12, num_hidden_layers=2, intermediate_size=20,
                        num_attention_heads=4, num_key_value_heads=2, head_dim=6, sliding_window=7,
                        layer_scale_initial_scale=0.7, attn_implementation="eager")
    model = disturbed(MimiModel(config), 8).double()
    taps = Taps()
    seanet(taps, model.encoder.encoder_seanet, config.upsampling_ratios, 1)
    x = sound()
    with torch.no_grad():
        out = model.encoder(x.double(), output_attentions=True)
        for number, weights in enumerate(out.attentions, 1):
            taps.values[f"attention.{number}"] = weights[0]
        taps.keep("hidden.0", model.encoder.encoder_seanet(x.double()))
        hidden = taps.values["hidden.0"][None]
        states = []
        for layer in model.encoder.encoder_transformer.layers:
            layer.register_forward_hook(lambda _, __, output: states.append(output))
        model.encoder(x.double())
        for number, state in enumerate(states, 1):
            taps.keep(f"hidden.{number}", state, frames_first=True)
        taps.keep("latents", out.latents)
        latents, before, first = out.latents, 0, 0
        for part in (model.quantizer.semantic_residual_vector_quantizer, model.quantizer.acoustic_residual_vector_quantizer):
            inner = part.input_proj(latents)[0].T
            before = euclidean(taps, inner, part.layers, first, seed=40, output=part.output_proj, before=before)
            first += len(part.layers)
        codes = model.quantizer.encode(latents)
        assert torch.allclose(model.quantizer.decode(codes.transpose(0, 1))[0].T, before)
    save("mimi", model, taps, x[0, 0])
    EncodecFeatureExtractor(sampling_rate=RATE).save_pretrained(here / "mimi")


def shaken(model, seed, amount=0.1, grown=()):
    """Every parameter disturbed; kernels of a part whose first weights let hardly anything through are made larger."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.add_((0.2 if value.dim() < 2 else amount) * torch.randn(value.shape, generator=generator))
            if value.dim() > 2 and name.startswith(grown) and not name.endswith("alpha"):
                value.mul_(4)
    # RMS norms compute in float32: theirs in float64 here.
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            module.forward = (lambda module: lambda x: module.weight * x * torch.rsqrt(
                x.pow(2).mean(-1, keepdim=True) + module.variance_epsilon))(module)
    return model.eval().double()


def wave(count, rate):
    """The sound at another rate by name only: as many samples of it."""
    return sound()[0, 0].repeat(3)[:count]


def pocket_tts():
    from transformers.models.pocket_tts_audio_tokenizer import PocketTTSAudioTokenizerConfig, PocketTTSAudioTokenizerModel
    torch.manual_seed(9)
    model = shaken(PocketTTSAudioTokenizerModel(PocketTTSAudioTokenizerConfig(
        hidden_size=12, num_filters=2, upsample_groups=12, num_hidden_layers=2, intermediate_size=20, num_attention_heads=2,
        num_key_value_heads=2, head_dim=6, latent_dim=5, latent_stride=4, layer_scale_initial_scale=0.6)), 10)
    x = wave(6001, 24_000)
    taps, encoder = Taps(), model.encoder
    seanet(taps, encoder.encoder_seanet, [6, 5, 4], 1)
    taps.hook(encoder.encoder_seanet, "hidden.0")
    for number, layer in enumerate(encoder.encoder_transformer.layers, 1):
        taps.hook(layer, f"hidden.{number}", frames_first=True)
    taps.hook(encoder.downsample, "latents")
    with torch.no_grad():
        encoder(torch.nn.functional.pad(x[None, None].double(), (0, -len(x) % 480)))
    save("pocket_tts", model, taps, x, rate=24_000)
    EncodecFeatureExtractor(sampling_rate=24_000).save_pretrained(here / "pocket_tts")


def vibevoice():
    from transformers.models.vibevoice_acoustic_tokenizer import (VibeVoiceAcousticTokenizerConfig,
                                                                  VibeVoiceAcousticTokenizerModel)
    from transformers.models.vibevoice_acoustic_tokenizer.feature_extraction_vibevoice_acoustic_tokenizer import (
        VibeVoiceAcousticTokenizerFeatureExtractor)
    torch.manual_seed(11)
    model = shaken(VibeVoiceAcousticTokenizerModel(VibeVoiceAcousticTokenizerConfig(
        hidden_size=6, num_filters=2, depths=[1, 2, 0, 1], downsampling_ratios=[2, 3, 4], layer_scale_init_value=0.5)), 12)
    x = wave(3001, 24_000)
    extractor = VibeVoiceAcousticTokenizerFeatureExtractor(pad_to_multiple_of=24)
    given = extractor(x.numpy().copy(), sampling_rate=24_000, return_tensors="pt").input_values.reshape(1, 1, -1)
    taps = Taps()
    for number, layer in enumerate(model.encoder.conv_layers, 1):
        taps.hook(layer, f"conv.{number}")
    taps.hook(model.encoder.head, "latents")
    with torch.no_grad():
        model.encoder(given.double())
    save("vibevoice", model, taps, x, rate=24_000)
    extractor.save_pretrained(here / "vibevoice")


def pe_audio():
    from transformers.models.pe_audio.configuration_pe_audio import PeAudioEncoderConfig
    from transformers.models.pe_audio.modeling_pe_audio import PeAudioEncoder
    torch.manual_seed(13)
    model = shaken(PeAudioEncoder(PeAudioEncoderConfig(
        dac_config=dict(encoder_hidden_size=2, hidden_size=12, codebook_dim=7, downsampling_ratios=[2, 3, 5],
                        decoder_hidden_size=32, codebook_size=16, n_codebooks=2),
        hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=6)),
        14, grown=("embedder.dac_encoder",))
    x = wave(2000, 48_000)
    given = torch.nn.functional.pad(x[None, None], (0, -len(x) % 30), mode="reflect")
    taps = Taps()
    for number, block in enumerate(model.embedder.dac_encoder.block, 1):
        taps.hook(block, f"conv.{number}")
    taps.hook(model.embedder.data_proj, "projection", frames_first=True)
    model.layers[0].register_forward_pre_hook(
        lambda _, args, kwargs: taps.keep("hidden.0", args[0] if args else kwargs["hidden_states"], True), with_kwargs=True)
    for number, layer in enumerate(model.layers, 1):
        taps.hook(layer, f"hidden.{number}", frames_first=True)
    taps.hook(model.norm, "final_norm", frames_first=True)
    with torch.no_grad():
        out = model(given.double())
    for name in taps.values:  # without the token in front
        if name.startswith(("hidden", "final_norm")):
            taps.values[name] = taps.values[name][1:]
    taps.keep("output", out.last_hidden_state, frames_first=True)
    save("pe_audio", model, taps, x, rate=48_000)


def xcodec():
    from transformers import XcodecConfig, XcodecModel
    torch.manual_seed(15)
    hubert = dict(model_type="hubert", hidden_size=12, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
                  conv_dim=[5] * 7, num_conv_pos_embeddings=6, num_conv_pos_embedding_groups=4)
    model = shaken(XcodecModel(XcodecConfig(
        codebook_size=16, target_bandwidths=[0.2, 0.4], channel_ratios=[2, 1], block_dilations=[1, 3],
        acoustic_model_config=dict(model_type="dac", encoder_hidden_size=1, decoder_hidden_size=16, hidden_size=8,
                                   downsampling_ratios=[8, 5, 4, 2], upsampling_ratios=[8, 5, 4, 2]),
        semantic_model_config=hubert)), 16, amount=0.05, grown=("acoustic_encoder",))
    x = wave(4300, RATE)
    taps = Taps()
    for number, block in enumerate(model.acoustic_encoder.block, 1):
        taps.hook(block, f"acoustic.conv.{number}")
    taps.hook(model.acoustic_encoder, "acoustic.latents")
    taps.hook(model.encoder_semantic, "semantic.latents")
    taps.hook(model.fc, "latents", frames_first=True)
    with torch.no_grad():
        model.encode(x[None, None].double())
        states = model.semantic_model(torch.nn.functional.pad(x[None].double(), (160, 160)),
                                      output_hidden_states=True).hidden_states
        taps.values["semantic.mean"] = model._extract_semantic_features(x[None, None].double())[0]
        for number, state in enumerate(states):
            taps.values[f"hidden.{number}"] = state[0]
        euclidean(taps, taps.values["latents"], model.quantizer.quantizers, seed=50)
    save("xcodec", model, taps, x)
    DacFeatureExtractor(sampling_rate=RATE).save_pretrained(here / "xcodec")


MADE = {
    "encodec": lambda: encodec("encodec", 2, target_bandwidths=[1.0, 1.6]),
    "encodec_stereo": lambda: encodec(
        "encodec_stereo", 1, chunk=4800, audio_channels=2, normalize=True, norm_type="time_group_norm",
        use_causal_conv=False, pad_mode="reflect", use_conv_shortcut=False, chunk_length_s=0.3, overlap=0.01,
        num_lstm_layers=1, target_bandwidths=[1.1]),
    "wavtokenizer": wavtokenizer, "dac": dac, "mimi": mimi, "pocket_tts": pocket_tts, "vibevoice": vibevoice,
    "pe_audio": pe_audio, "xcodec": xcodec,
}
for name in sys.argv[1:] or MADE:
    MADE[name]()
