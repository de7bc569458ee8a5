"""Makes the folders of towers/: `python3 towers.py [NAME …]` (torch, torchaudio, transformers 5.24.0, safetensors, soundfile),
run here.

Tiny encoders of larger models with fixed random weights, away from ones and zeros so that one left out would show, and
what transformers computes from them in float64, rounded to float32, under the names of our tap points. Features are
transformers' own in float32. All read the beginning of towers/input.wav, so many samples as `samples.txt` says.
"""

import sys
from pathlib import Path

import numpy
import soundfile
import torch
from safetensors.torch import load_file, save_file

here = Path(__file__).parent
RATE = 16_000


def disturbed(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if not value.is_floating_point():
                continue
            noise = torch.randn(value.shape, generator=generator)
            if name.endswith("running_var"):
                value.copy_(1 + 0.2 * noise.abs())
            elif value.dim() < 2:
                value.copy_((1 if "norm" in name and name.endswith("weight") else 0) + 0.2 * noise)
            elif "rel_pos_emb" in name:
                value.copy_(noise)
            else:
                value.copy_(noise * (1.5 / value[0].numel()) ** 0.5)
    return model.eval()


def sound(count):
    wave, rate = soundfile.read(here / "towers" / "input.wav", dtype="float32")
    assert rate == RATE and count <= len(wave)
    return wave[:count]


class Taps:
    def __init__(self):
        self.values = {}

    def hook(self, module, name, channels_first=False, after=lambda x: x):
        def heard(_, __, output):
            value = after((output[0] if isinstance(output, tuple) else output).detach())
            value = value[0] if value.dim() == 3 else value
            self.values[name] = value.T if channels_first else value

        module.register_forward_hook(heard)

    def enters(self, module, name="hidden.0"):
        def heard(_, args, kwargs):
            value = args[0] if args else kwargs["hidden_states"]
            self.values[name] = value.detach().clone()[0] if value.dim() == 3 else value.detach().clone()

        module.register_forward_pre_hook(heard, with_kwargs=True)

    def blocks(self, layers, copy=True):
        self.enters(layers[0])
        for number, layer in enumerate(layers, 1):
            self.hook(layer, f"hidden.{number}", after=(lambda x: x.clone()) if copy else lambda x: x)


def save(name, model, taps, count, extractor=None, attentions=()):
    folder = here / "towers" / name
    model.float().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    weights = {key: value for key, value in load_file(folder / "model.safetensors").items()
               if not key.startswith(("decoder", "joint"))}
    save_file(weights, folder / "model.safetensors")
    if extractor is not None:
        extractor.save_pretrained(folder)
    (folder / "samples.txt").write_text(f"{count}\n")
    for number, weights in enumerate(attentions, 1):
        taps.values[f"attention.{number}"] = weights[0]
    save_file({key: value.float().contiguous() for key, value in taps.values.items()},
              folder / "hidden_states.safetensors")
    print(name, {key: list(value.shape) for key, value in taps.values.items()})


def sanm():
    from transformers.models.fun_asr_nano.configuration_fun_asr_nano import FunAsrNanoEncoderConfig
    from transformers.models.fun_asr_nano.feature_extraction_fun_asr_nano import FunAsrNanoFeatureExtractor
    from transformers.models.fun_asr_nano.modeling_fun_asr_nano import FunAsrNanoEncoder
    torch.manual_seed(1)
    # An even kernel, which is off-centre; frames of 3 every 2.
    config = FunAsrNanoEncoderConfig(hidden_size=12, num_attention_heads=3, intermediate_size=20, num_hidden_layers=4,
                                     num_timestamp_prediction_layers=1, fsmn_kernel_size=6, num_mel_bins=20,
                                     num_stacked_frames=4, attn_implementation="eager")
    model = disturbed(FunAsrNanoEncoder(config), 2)
    extractor = FunAsrNanoFeatureExtractor(feature_size=20, num_frames_lfr=4, stride_lfr=3)
    count = 14_000
    features = extractor(sound(count), sampling_rate=RATE, return_tensors="pt")
    model = model.double()
    taps = Taps()
    taps.blocks(model.layers)
    with torch.no_grad():
        out = model(features.input_features.double(), features.input_features_mask, output_attentions=True)
    save("sanm", model, taps, count, extractor, out.attentions)


def lasr():
    from transformers import LasrCTCConfig, LasrForCTC
    from transformers.models.lasr.feature_extraction_lasr import LasrFeatureExtractor
    torch.manual_seed(3)
    config = LasrCTCConfig(vocab_size=9, encoder_config=dict(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, subsampling_conv_channels=10,
        num_mel_bins=40, conv_kernel_size=8, feed_forward_residual_weights=[1.5, 0.5], conv_residual_weights=[2.0, 0.7],
        rope_parameters={"rope_theta": 500.0, "rope_type": "default"}))
    config.encoder_config._attn_implementation = "eager"
    model = disturbed(LasrForCTC(config), 4)
    extractor = LasrFeatureExtractor(feature_size=40)
    count = 14_000
    features = extractor(sound(count), sampling_rate=RATE, return_tensors="pt")
    model = model.double()
    taps = Taps()
    for number in range(2):
        taps.hook(getattr(model.encoder.subsampler, f"conv_{number}"), f"conv.{number + 1}", True, torch.relu)
    taps.blocks(model.encoder.layers)
    taps.hook(model.encoder.out_norm, "final_norm")
    with torch.no_grad():
        out = model(features.input_features.double(), output_attentions=True)
    taps.values["logits"] = out.logits[0]
    save("lasr", model, taps, count, extractor, out.attentions)


def granite_speech():
    from transformers.models.granite_speech.configuration_granite_speech import GraniteSpeechEncoderConfig
    from transformers.models.granite_speech.feature_extraction_granite_speech import GraniteSpeechFeatureExtractor
    from transformers.models.granite_speech.modeling_granite_speech import GraniteSpeechCTCEncoder
    torch.manual_seed(5)
    config = GraniteSpeechEncoderConfig(input_dim=40, num_layers=4, hidden_dim=14, num_heads=2, dim_head=6, output_dim=8,
                                        context_size=11, max_pos_emb=15, conv_kernel_size=6, feedforward_mult=2)
    model = disturbed(GraniteSpeechCTCEncoder(config), 6)
    extractor = GraniteSpeechFeatureExtractor(n_mels=20)
    count = 14_000
    features = extractor(sound(count))["input_features"]
    model = model.double()
    taps = Taps()
    taps.blocks(model.layers, copy=False)  # the feedback is added in place
    with torch.no_grad():
        model(features.double())
    save("granite_speech", model, taps, count)


def voxtral_realtime():
    from transformers.models.voxtral_realtime.configuration_voxtral_realtime import VoxtralRealtimeEncoderConfig
    from transformers.models.voxtral_realtime.feature_extraction_voxtral_realtime import VoxtralRealtimeFeatureExtractor
    from transformers.models.voxtral_realtime.modeling_voxtral_realtime import VoxtralRealtimeEncoder
    torch.manual_seed(7)
    config = VoxtralRealtimeEncoderConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=3,
                                          head_dim=6, num_mel_bins=40, sliding_window=9, attn_implementation="eager")
    model = disturbed(VoxtralRealtimeEncoder(config), 8)
    extractor = VoxtralRealtimeFeatureExtractor(feature_size=40)
    count = 14_100
    features = extractor(sound(count), sampling_rate=RATE, return_tensors="pt").input_features
    model = model.double()
    taps = Taps()
    for number in (1, 2):
        taps.hook(getattr(model.embedder, f"conv{number}"), f"conv.{number}", True, torch.nn.functional.gelu)
    taps.blocks(model.layers)
    taps.hook(model.norm, "final_norm")
    # RMS norms compute in float32: theirs in float64 here too.
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            module.forward = (lambda module: lambda x: module.weight * x * torch.rsqrt(
                x.pow(2).mean(-1, keepdim=True) + module.variance_epsilon))(module)
    with torch.no_grad():
        out = model(features.double(), output_attentions=True)
    save("voxtral_realtime", model, taps, count, extractor, out.attentions)


def nemotron_streaming():
    from transformers.models.nemotron_asr_streaming.configuration_nemotron_asr_streaming import (
        NemotronAsrStreamingEncoderConfig)
    from transformers.models.nemotron_asr_streaming.feature_extraction_nemotron_asr_streaming import (
        NemotronAsrStreamingFeatureExtractor)
    from transformers.models.nemotron_asr_streaming.modeling_nemotron_asr_streaming import NemotronAsrStreamingEncoder
    torch.manual_seed(9)
    config = NemotronAsrStreamingEncoderConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, conv_kernel_size=5,
        subsampling_factor=4, subsampling_conv_channels=6, num_mel_bins=21, sliding_window=9, default_num_lookahead_tokens=3)
    model = disturbed(NemotronAsrStreamingEncoder(config), 10)
    extractor = NemotronAsrStreamingFeatureExtractor(feature_size=21)
    count = 14_100
    features = extractor(sound(count), sampling_rate=RATE, return_tensors="pt")
    frames = int(features.attention_mask.sum())
    model = model.double()
    taps = Taps()
    taps.blocks(model.layers)
    with torch.no_grad():
        # Not with "eager" attention: there 5.24.0 reads the mask the wrong way round, and so gives no attention weights.
        model(features.input_features[:, :frames].double())
    taps.values["projection"] = taps.values["hidden.0"].clone()
    save("nemotron_streaming", model, taps, count, extractor)


def qwen3(name, seed, count):
    from transformers import WhisperFeatureExtractor
    settings = dict(d_model=16, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=24, num_mel_bins=20,
                    downsample_hidden_size=5, output_dim=10, n_window_infer=100)
    torch.manual_seed(seed)
    extractor = WhisperFeatureExtractor(feature_size=20)
    mel = torch.tensor(extractor(sound(count), sampling_rate=RATE, padding=True).input_features)
    frames = mel.shape[-1]
    if name == "qwen3_asr":
        from transformers.models.qwen3_asr.configuration_qwen3_asr import Qwen3ASREncoderConfig
        from transformers.models.qwen3_asr.modeling_qwen3_asr import Qwen3ASREncoder
        model = disturbed(Qwen3ASREncoder(Qwen3ASREncoderConfig(**settings)), seed).double()
        filled = torch.nn.functional.pad(mel, (0, -frames % 100))
        mask = (torch.arange(filled.shape[-1]) < frames)[None].long()
        run = lambda: model(filled.double(), mask)
    else:
        from transformers.models.qwen3_omni_moe.configuration_qwen3_omni_moe import Qwen3OmniMoeAudioEncoderConfig
        from transformers.models.qwen3_omni_moe.modeling_qwen3_omni_moe import Qwen3OmniMoeAudioEncoder
        model = disturbed(Qwen3OmniMoeAudioEncoder(Qwen3OmniMoeAudioEncoderConfig(**settings)), seed).double()
        run = lambda: model(mel[0].double(), torch.tensor([frames]))
    taps = Taps()
    taps.blocks(model.layers)
    taps.hook(model.ln_post, "final_norm")
    with torch.no_grad():
        out = run()
    if name == "qwen3_omni":
        taps.values["output"] = out.last_hidden_state
    save(name, model, taps, count, extractor)


def nemotron_stacked(name, seed):
    from transformers.models.nemotron_asr_streaming.feature_extraction_nemotron_asr_streaming import (
        NemotronAsrStreamingFeatureExtractor)
    settings = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_mel_bins=20,
                    subsampling_factor=4, attn_implementation="eager")
    torch.manual_seed(seed)
    if name == "nemotron_diarization":
        from transformers.models.nemotron3_diarization.configuration_nemotron3_diarization import (
            Nemotron3DiarizationAudioConfig as Config)
        from transformers.models.nemotron3_diarization.modeling_nemotron3_diarization import (
            Nemotron3DiarizationAudioModel as Model)
        settings["rope_parameters"] = {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5}
    else:
        from transformers.models.nemotron3_5_transcribe.configuration_nemotron3_5_transcribe import (
            Nemotron3_5TranscribeAsrAudioConfig as Config)
        from transformers.models.nemotron3_5_transcribe.modeling_nemotron3_5_transcribe import (
            Nemotron3_5TranscribeAsrAudioModel as Model)
    model = disturbed(Model(Config(**settings)), seed)
    extractor = NemotronAsrStreamingFeatureExtractor(
        feature_size=20, mel_filters_dtype="bfloat16" if name == "nemotron_transcribe" else "float32")
    count = 14_100
    features = extractor(sound(count), sampling_rate=RATE, return_tensors="pt")
    frames = int(features.attention_mask.sum())
    model = model.double()
    taps = Taps()
    taps.hook(model.embedder, "projection")
    taps.blocks(model.layers)
    taps.hook(model.layer_norm, "final_norm")
    with torch.no_grad():
        out = model(features.input_features[:, :frames].double(), output_attentions=True)
    save(name, model, taps, count, extractor, out.attentions)


MADE = {
    "sanm": sanm, "lasr": lasr, "granite_speech": granite_speech, "voxtral_realtime": voxtral_realtime,
    "nemotron_streaming": nemotron_streaming,
    "qwen3_asr": lambda: qwen3("qwen3_asr", 11, 20_500), "qwen3_omni": lambda: qwen3("qwen3_omni", 12, 11_900),
    "nemotron_diarization": lambda: nemotron_stacked("nemotron_diarization", 13),
    "nemotron_transcribe": lambda: nemotron_stacked("nemotron_transcribe", 14),
}
if __name__ == "__main__":
    for name in sys.argv[1:] or MADE:
        MADE[name]()
