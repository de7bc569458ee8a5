"""Families of models: makes a tiny model of each with transformers and compares what Strata makes of it.

    python3 scripts/families.py fixtures [NAME …]   writes Tests/ModelsTests/Resources/families/NAME
    python3 scripts/families.py names [NAME …]      prints where each value is in transformers' outputs, and fails where
                                                    `$PROBE_LAYERS inspect` says another place
    python3 scripts/families.py compare [NAME …]    runs `$PROBE_LAYERS extract` on each and prints a table of errors

Needs torch, transformers 5.24.0, safetensors, soundfile (and librosa where a front end asks for it). Weights are random
(seed 0), and every parameter and running statistic is moved, so that one that is left out shows. Of each tap point the
reference has the values under Strata's name for it, computed by transformers; `NAME@8` are every eighth row.
"""

import json, os, re, shutil, subprocess, sys, tempfile, warnings
from pathlib import Path

warnings.filterwarnings("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import numpy as np
import torch
import transformers as T
from safetensors.numpy import load_file, save_file

torch.set_num_threads(1)
ROOT = Path(__file__).resolve().parent.parent
RESOURCES = ROOT / "Tests" / "ModelsTests" / "Resources"
SOUND = RESOURCES / "wav2vec2_base" / "input.wav"
FAMILIES = {}
STRIPPED = {"xcodec_semantic", "xcodec2_semantic"}
TOKENS = [5, 9, 12, 7, 30, 41, 3, 8, 11]


def sound():
    import soundfile
    return soundfile.read(SOUND, dtype="float32")[0]


def make(cls, config, **more):
    torch.manual_seed(0)
    model = cls(config, **more)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.is_floating_point():
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        for module in model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.2, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


def array(x):
    x = x.detach().float()
    return (x[0] if x.dim() == 3 else x).numpy()


class Pass:
    """Outputs, and the first inputs, of modules during one call."""

    def __init__(self, call, layers=(), **modules):
        self.taps, handles = {}, []
        named = {f"hidden.{i + 1}": m for i, m in enumerate(layers)} | {k.replace("__", "."): m for k, m in modules.items()}
        for name, module in named.items():
            def keep(_, args, kwargs, out, name=name):
                if name == "hidden.1":
                    self.taps.setdefault("hidden.0", array(args[0] if args else kwargs["hidden_states"]))
                self.taps[name] = array(out[0] if isinstance(out, (tuple, list)) else out)
            handles.append(module.register_forward_hook(keep, with_kwargs=True))
        with torch.no_grad():
            self.out = call()
        for handle in handles:
            handle.remove()
        Pass.latest = self

    def last(self, name):
        self.taps[name] = array(self.out.last_hidden_state)
        return self


def family(name, kind="sound"):
    def wrap(build):
        FAMILIES[name] = (kind, build)
        return build
    return wrap


# ---------------------------------------------------------------- wav2vec 2.0 and its relatives

WAV = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, vocab_size=12,
           conv_dim=(8,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, layerdrop=0.0, pad_token_id=0,
           num_codevectors_per_group=4, codevector_dim=8, proj_codevector_dim=8)
STABLE = dict(do_stable_layer_norm=True, feat_extract_norm="layer", conv_bias=True)


def wave(do_normalize=True):
    return T.Wav2Vec2FeatureExtractor(feature_size=1, sampling_rate=16000, do_normalize=do_normalize)


def wav_config(C, **more):
    known = C().to_dict()
    return C(**{k: v for k, v in {**WAV, **more}.items() if k in known or k == "vocab_size"})


def wav_taps(base, extractor, head=None):
    values = extractor(sound(), sampling_rate=16000, return_tensors="pt").input_values
    made = Pass(lambda: base(values), base.encoder.layers, projection=base.feature_projection,
                final_norm=base.encoder.layer_norm)
    taps = made.taps
    if not getattr(base.config, "do_stable_layer_norm", False):
        taps.pop("final_norm")
    if head is not None:
        with torch.no_grad():
            taps["logits"] = array(head(values).logits)
    return taps


def wav_family(name, M, C, base=None, **more):
    @family(name)
    def build():
        model, extractor = make(M, wav_config(C, **more)), wave()
        inner = getattr(model, base) if base else model
        return model, extractor, lambda: wav_taps(inner, extractor, model if base else None)


wav_family("unispeech", T.UniSpeechForCTC, T.UniSpeechConfig, "unispeech")
wav_family("unispeech_large", T.UniSpeechModel, T.UniSpeechConfig, **STABLE)
wav_family("unispeech_sat", T.UniSpeechSatForCTC, T.UniSpeechSatConfig, "unispeech_sat")


@family("mert")
def _():
    model, extractor = make(T.HubertModel, wav_config(T.HubertConfig)), wave()
    model.saved_config = {"model_type": "mert_model"}
    return model, extractor, lambda: wav_taps(model, extractor)


@family("speech_encoder_decoder")
def _():
    decoder = T.BertConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                           intermediate_size=16, is_decoder=True, add_cross_attention=True, max_position_embeddings=16)
    model = make(T.SpeechEncoderDecoderModel,
                 T.SpeechEncoderDecoderConfig.from_encoder_decoder_configs(wav_config(T.Wav2Vec2Config), decoder))
    extractor = wave()
    return model, extractor, lambda: wav_taps(model.encoder, extractor)


@family("omniasr_ctc")
def _():
    from transformers.models.omniasr.feature_extraction_omniasr import OmniASRFeatureExtractor
    from transformers.models.omniasr_ctc import OmniASRCTCConfig, OmniASRForCTC
    model = make(OmniASRForCTC, OmniASRCTCConfig(vocab_size=12, pad_token_id=1, audio_config=dict(
        hidden_size=16, conv_dim=[8] * 7, num_attention_heads=2, num_hidden_layers=2, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4, intermediate_size=24, layerdrop=0.0)))
    extractor = OmniASRFeatureExtractor()

    def taps():
        inputs = extractor(sound(), sampling_rate=16000, return_tensors="pt")
        tower = model.model.audio_tower if hasattr(model, "model") else model.audio_tower
        made = Pass(lambda: model(**inputs), tower.layers, final_norm=tower.layer_norm)
        made.taps["logits"] = array(made.out.logits)
        return made.taps
    return model, extractor, taps


SEW = dict(conv_dim=(8, 8, 8, 8, 8), conv_stride=(5, 2, 2, 2, 8), conv_kernel=(10, 3, 3, 3, 8), squeeze_factor=2)


@family("sew")
def _():
    model, extractor = make(T.SEWForCTC, wav_config(T.SEWConfig, **SEW)), wave()

    def taps():
        values = extractor(sound(), sampling_rate=16000, return_tensors="pt").input_values
        made = Pass(lambda: model(values), model.sew.encoder.layers, projection=model.sew.feature_projection)
        made.taps["logits"] = array(made.out.logits)[:2 * len(made.taps["hidden.1"])]
        return made.taps
    return model, extractor, taps


@family("speecht5")
def _():
    model = make(T.SpeechT5ForSpeechToText, T.SpeechT5Config(
        vocab_size=12, hidden_size=16, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=24, decoder_layers=1,
        decoder_attention_heads=2, decoder_ffn_dim=16, conv_dim=(8,) * 7, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4, encoder_max_relative_position=12, encoder_layerdrop=0.0,
        speech_decoder_prenet_units=8, speaker_embedding_dim=8, speech_decoder_postnet_units=8, num_mel_bins=8))
    extractor = T.SpeechT5FeatureExtractor()

    def taps():
        values = extractor(audio=sound(), sampling_rate=16000, return_tensors="pt").input_values
        encoder = model.speecht5.encoder
        return Pass(lambda: encoder(values), encoder.wrapped_encoder.layers).taps
    return model, extractor, taps


@family("moonshine")
def _():
    model = make(T.MoonshineForConditionalGeneration, T.MoonshineConfig(
        vocab_size=16, hidden_size=24, intermediate_size=24, encoder_num_hidden_layers=2, decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2, decoder_num_attention_heads=2, encoder_num_key_value_heads=2,
        decoder_num_key_value_heads=2))
    extractor = wave(False)

    def taps():
        values = extractor(sound(), sampling_rate=16000, return_tensors="pt").input_values
        encoder = model.model.encoder
        return Pass(lambda: encoder(values), encoder.layers).last("final_norm").taps
    return model, extractor, taps


@family("moonshine_streaming")
def _():
    from transformers.models.moonshine_streaming.configuration_moonshine_streaming import MoonshineStreamingEncoderConfig
    encoder = MoonshineStreamingEncoderConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=6,
        sliding_windows=[[5, 3], [4, 0], [7, 2]])
    model = make(T.MoonshineStreamingForConditionalGeneration, T.MoonshineStreamingConfig(
        encoder_config=encoder, vocab_size=16, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, encoder_hidden_size=16))
    extractor = wave(False)

    def taps():
        # A sound that ends inside a frame of 5 ms.
        inputs = extractor(sound(), sampling_rate=16000, return_tensors="pt", padding=True, pad_to_multiple_of=80,
                           return_attention_mask=True)
        encoder = model.model.encoder
        return Pass(lambda: encoder(inputs.input_values, attention_mask=inputs.attention_mask), encoder.layers
                    ).last("final_norm").taps
    return model, extractor, taps


def sew_d(name, **more):
    @family(name)
    def build():
        settings = dict(SEW, position_buckets=8, max_position_embeddings=24, **more)
        model, extractor = make(T.SEWDForCTC, wav_config(T.SEWDConfig, **settings)), wave()

        def taps():
            values = extractor(sound(), sampling_rate=16000, return_tensors="pt").input_values
            made = Pass(lambda: model(values), model.sew_d.encoder.encoder.layer)
            made.taps["logits"] = array(made.out.logits)[:2 * len(made.taps["hidden.1"])]
            return made.taps
        return model, extractor, taps


sew_d("sew_d")
sew_d("sew_d_separate", share_att_key=False, pos_att_type=["p2c"], norm_rel_ebd="none")


# ---------------------------------------------------------------- codecs' semantic halves

@family("xcodec_semantic")
def _():
    semantic = wav_config(T.HubertConfig).to_dict()
    ratios = [8, 5, 4, 2]
    model = make(T.XcodecModel, T.XcodecConfig(
        codebook_size=8, codebook_dim=32, semantic_model_config={**semantic, "model_type": "hubert"},
        acoustic_model_config=dict(model_type="dac", encoder_hidden_size=2, decoder_hidden_size=16, hidden_size=16,
                                   downsampling_ratios=ratios, upsampling_ratios=ratios)))
    return model, T.DacFeatureExtractor(sampling_rate=16000), lambda: wav_taps(model.semantic_model, wave(False))


BERT2 = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, layerdrop=0.0,
             output_hidden_size=16, conv_depthwise_kernel_size=7, feature_projection_input_dim=160, vocab_size=12)


def seamless_features():
    return T.SeamlessM4TFeatureExtractor(feature_size=80, num_mel_bins=80, sampling_rate=16000, stride=2)


@family("xcodec2_semantic")
def _():
    from transformers.models.xcodec2 import Xcodec2Config, Xcodec2Model
    model = make(Xcodec2Model, Xcodec2Config(
        hidden_size=32, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, head_dim=16,
        encoder_hidden_size=2, semantic_model_config=T.Wav2Vec2BertConfig(**BERT2).to_dict(), quantization_dim=32))

    def taps():
        inputs = seamless_features()(sound(), sampling_rate=16000, return_tensors="pt")
        base = model.semantic_encoder
        return Pass(lambda: base(**inputs), base.encoder.layers, projection=base.feature_projection).taps
    return model, None, taps


def seamless(name, M, C, **more):
    @family(name)
    def build():
        model = make(M, C(
            vocab_size=16, t2u_vocab_size=16, hidden_size=16, speech_encoder_layers=2, speech_encoder_attention_heads=2,
            speech_encoder_intermediate_size=24, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=8, decoder_ffn_dim=8,
            encoder_attention_heads=2, decoder_attention_heads=2, t2u_encoder_layers=1, t2u_decoder_layers=1,
            t2u_encoder_ffn_dim=8, t2u_decoder_ffn_dim=8, t2u_encoder_attention_heads=2, t2u_decoder_attention_heads=2,
            speech_encoder_layerdrop=0.0, conv_depthwise_kernel_size=7, num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=4, max_source_positions=100, **more))
        extractor = seamless_features()

        def taps():
            inputs = extractor(sound(), sampling_rate=16000, return_tensors="pt")
            encoder = model.speech_encoder
            return Pass(lambda: encoder(inputs.input_features, attention_mask=inputs.attention_mask),
                        encoder.encoder.layers, projection=encoder.feature_projection,
                        final_norm=encoder.encoder.layer_norm, adapter__1=encoder.adapter.layers[0]).last("output").taps
        return model, extractor, taps


seamless("seamless_m4t", T.SeamlessM4TForSpeechToText, T.SeamlessM4TConfig)
seamless("seamless_m4t_v2", T.SeamlessM4Tv2ForSpeechToText, T.SeamlessM4Tv2Config, speech_encoder_chunk_size=20,
         speech_encoder_left_chunk_num=1)


# ---------------------------------------------------------------- Whisper's relatives

TEXT = dict(vocab_size=16, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            num_key_value_heads=2, head_dim=8, max_position_embeddings=16, pad_token_id=0, bos_token_id=1, eos_token_id=2)
OWN = dict(d_model=16, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=24, num_mel_bins=80,
           max_source_positions=100)
GENERAL = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, num_mel_bins=80,
               max_source_positions=100)


def whisper_taps(encoder, extractor, final="layer_norm", masked=False, **more):
    inputs = extractor(sound(), sampling_rate=16000, return_tensors="pt", return_attention_mask=True)
    if masked:
        more["input_features_mask"] = inputs.attention_mask
    made = Pass(lambda: encoder(inputs.input_features, **more), encoder.layers).last("final_norm").taps
    frames = -(-len(sound()) // 320)
    return {name: x[:frames // (2 if len(x) < 60 else 1)] for name, x in made.items()}


def tower(name, build_model, find=lambda m: m.model.audio_tower, **more):
    @family(name)
    def build():
        model, extractor = build_model(), T.WhisperFeatureExtractor(feature_size=80, chunk_length=2)
        return model, extractor, lambda: whisper_taps(find(model), extractor, **more)


tower("qwen2_audio", lambda: make(T.Qwen2AudioForConditionalGeneration, T.Qwen2AudioConfig(
    audio_config={"model_type": "qwen2_audio_encoder", **OWN}, text_config={"model_type": "qwen2", **TEXT},
    audio_token_index=5)))
tower("audioflamingo3", lambda: make(T.AudioFlamingo3ForConditionalGeneration, T.AudioFlamingo3Config(
    audio_config={"model_type": "audioflamingo3_encoder", **GENERAL}, text_config={"model_type": "qwen2", **TEXT},
    audio_token_id=5)), masked=True)
tower("voxtral", lambda: make(T.VoxtralForConditionalGeneration, T.VoxtralConfig(
    audio_config={"model_type": "voxtral_encoder", **GENERAL, "intermediate_size": 64},
    text_config={"model_type": "llama", **TEXT}, audio_token_id=5)))
tower("glmasr", lambda: make(T.GlmAsrForConditionalGeneration, T.GlmAsrConfig(
    audio_config={"model_type": "glmasr_encoder", **{k: v for k, v in GENERAL.items() if k != "max_source_positions"},
                  "max_position_embeddings": 100, "num_key_value_heads": 2, "intermediate_size": 64},
    text_config={"model_type": "llama", **TEXT}, audio_token_id=5)))
tower("whisper_encoder", lambda: make(
    T.models.whisper.modeling_whisper.WhisperEncoder, T.WhisperConfig(**OWN, vocab_size=16)), find=lambda m: m)


@family("qwen2_5_omni")
def _():
    from transformers.models.qwen2_5_omni.configuration_qwen2_5_omni import Qwen2_5OmniAudioEncoderConfig
    from transformers.models.qwen2_5_omni.modeling_qwen2_5_omni import Qwen2_5OmniAudioEncoder
    # Windows of 40 frames: the sound takes four, the last one shorter.
    model = make(Qwen2_5OmniAudioEncoder, Qwen2_5OmniAudioEncoderConfig(**OWN, output_dim=12, n_window=20))
    extractor = T.WhisperFeatureExtractor(feature_size=80)

    def taps():
        inputs = extractor(sound(), sampling_rate=16000, return_tensors="pt", return_attention_mask=True)
        frames = inputs.attention_mask.sum(-1)
        mel = inputs.input_features[0][:, :int(frames)]
        made = Pass(lambda: model(mel, feature_lens=frames), model.layers, final_norm=model.ln_post)
        return made.last("output").taps
    return model, extractor, taps


# ---------------------------------------------------------------- conformers and transformers over filter banks

PARAKEET = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, conv_kernel_size=9,
                subsampling_factor=8, subsampling_conv_channels=8, num_mel_bins=80, layerdrop=0.0)


def parakeet_taps(encoder, extractor):
    inputs = extractor(sound(), sampling_rate=16000, return_tensors="pt")
    return Pass(lambda: encoder(inputs.input_features, attention_mask=inputs.get("attention_mask")), encoder.layers).taps


@family("canary")
def _():
    from transformers.models.canary import CanaryConfig, CanaryForConditionalGeneration
    model = make(CanaryForConditionalGeneration, CanaryConfig(encoder_config=PARAKEET, decoder_config=TEXT, vocab_size=16))
    extractor = T.ParakeetFeatureExtractor(feature_size=80)
    return model, extractor, lambda: parakeet_taps(model.model.encoder, extractor)


@family("cohere_asr")
def _():
    from transformers.models.cohere_asr import CohereAsrConfig, CohereAsrForConditionalGeneration
    from transformers.models.cohere_asr.feature_extraction_cohere_asr import CohereAsrFeatureExtractor
    model = make(CohereAsrForConditionalGeneration, CohereAsrConfig(encoder_config=PARAKEET, **TEXT))
    extractor = CohereAsrFeatureExtractor(feature_size=80)
    return model, extractor, lambda: parakeet_taps(model.model.encoder, extractor)


@family("speech_to_text")
def _():
    model = make(T.Speech2TextForConditionalGeneration, T.Speech2TextConfig(
        vocab_size=16, d_model=16, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=24, decoder_layers=1,
        decoder_attention_heads=2, decoder_ffn_dim=16, conv_channels=16, input_feat_per_channel=80, encoder_layerdrop=0.0))
    extractor = T.Speech2TextFeatureExtractor()

    def taps():
        inputs = extractor(sound(), sampling_rate=16000, return_tensors="pt")
        encoder = model.model.encoder
        return Pass(lambda: encoder(inputs.input_features, attention_mask=inputs.attention_mask),
                    encoder.layers).last("final_norm").taps
    return model, extractor, taps


@family("granite_speech5")
def _():
    from transformers.models.granite_speech5 import (GraniteSpeech5CTCConfig, GraniteSpeech5FeatureExtractor,
                                                     GraniteSpeech5ForCTC)
    model = make(GraniteSpeech5ForCTC, GraniteSpeech5CTCConfig(vocab_size=12, encoder_config=dict(
        vocab_size=12, num_mel_bins=20, hidden_size=16, intermediate_size=24, num_hidden_layers=4, num_attention_heads=2,
        head_dim=6, context_size=11, max_position_embeddings=15, conv_kernel_size=5, subsample_layers=[0, 2])))
    extractor = GraniteSpeech5FeatureExtractor(num_mel_bins=20)

    def taps():
        inputs = extractor(sound(), sampling_rate=16000, return_tensors="pt")
        made = Pass(lambda: model(**inputs), model.encoder.layers)
        made.taps["logits"] = array(made.out.logits)
        return made.taps
    return model, extractor, taps


@family("clap_fused")
def _():
    audio = dict(hidden_size=32, patch_embeds_hidden_size=4, depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2],
                 num_hidden_layers=4, projection_dim=8, enable_fusion=True, fusion_type="aff_2d", fusion_num_hidden_layers=2)
    text = dict(vocab_size=16, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
                projection_dim=8, max_position_embeddings=16)
    model = make(T.ClapModel, T.ClapConfig(audio_config=audio, text_config=text, projection_dim=8))
    extractor = T.ClapFeatureExtractor(feature_size=64, truncation="fusion")

    def taps():
        import soundfile
        x = soundfile.read(RESOURCES / "clap" / "input.wav", dtype="float32")[0]
        with torch.no_grad():
            inputs = extractor(x, sampling_rate=48000, return_tensors="pt")
            # The extractor says of one sound of every batch of short ones that it is longer than 10 s.
            inputs["is_longer"] = torch.zeros_like(inputs["is_longer"], dtype=torch.bool)
            made = model.get_audio_features(**inputs)
        made = made.pooler_output if hasattr(made, "pooler_output") else made
        return {"embeds": torch.nn.functional.normalize(made, dim=-1).numpy()}
    return model, extractor, taps


# ---------------------------------------------------------------- text

def text(name, M, config, layers, call=None, **modules):
    @family(name, "text")
    def build():
        model = make(M, config())

        def taps():
            ids = torch.tensor([TOKENS])
            made = Pass(lambda: (call or (lambda m, i: m(i)))(model, ids), layers(model),
                        **{k: f(model) for k, f in modules.items()})
            return made.taps
        return model, None, taps


SMALL = dict(vocab_size=48, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
             max_position_embeddings=32)
text("distilbert", T.DistilBertModel, lambda: T.DistilBertConfig(
    vocab_size=48, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=32),
    lambda m: m.transformer.layer)
text("electra", T.ElectraModel, lambda: T.ElectraConfig(**SMALL, embedding_size=12), lambda m: m.encoder.layer)
DEBERTA = dict(relative_attention=True, pos_att_type="p2c|c2p", position_biased_input=False, type_vocab_size=0)
text("deberta_v3", T.DebertaV2ForMaskedLM, lambda: T.DebertaV2Config(
    **{**SMALL, **DEBERTA}, position_buckets=4, share_att_key=True, norm_rel_ebd="layer_norm"),
    lambda m: m.deberta.encoder.layer)
text("deberta_v2", T.DebertaV2Model, lambda: T.DebertaV2Config(
    **{**SMALL, **DEBERTA, "position_biased_input": True, "type_vocab_size": 2, "pos_att_type": "c2p"},
    max_relative_positions=5, embedding_size=12, conv_kernel_size=3, conv_act="gelu"), lambda m: [])
text("mpnet", T.MPNetModel, lambda: T.MPNetConfig(**SMALL), lambda m: m.encoder.layer)
text("gpt2", T.GPT2LMHeadModel, lambda: T.GPT2Config(
    vocab_size=48, n_embd=16, n_layer=2, n_head=2, n_inner=24, n_positions=32), lambda m: m.transformer.h,
    final_norm=lambda m: m.transformer.ln_f)
DECODER = dict(SMALL, num_key_value_heads=1, pad_token_id=0, bos_token_id=1, eos_token_id=2)
for name, M, C, more in [
        ("llama", T.LlamaForCausalLM, T.LlamaConfig, dict(rope_parameters={
            "rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8})),
        ("qwen2", T.Qwen2ForCausalLM, T.Qwen2Config, {}),
        ("qwen3", T.Qwen3ForCausalLM, T.Qwen3Config, dict(head_dim=12)),
        ("mistral", T.MistralForCausalLM, T.MistralConfig, dict(sliding_window=4))]:
    text(name, M, lambda C=C, more=more: C(**DECODER, **more), lambda m: m.model.layers, final_norm=lambda m: m.model.norm)
text("t5", T.T5EncoderModel, lambda: T.T5Config(
    vocab_size=48, d_model=16, d_kv=6, d_ff=24, num_layers=2, num_heads=2, relative_attention_num_buckets=8,
    relative_attention_max_distance=6), lambda m: m.encoder.block, final_norm=lambda m: m.encoder.final_layer_norm)
text("t5_gated", T.T5ForConditionalGeneration, lambda: T.T5Config(
    vocab_size=48, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_decoder_layers=1, num_heads=2, pad_token_id=0,
    decoder_start_token_id=0, relative_attention_num_buckets=8, feed_forward_proj="gated-gelu"),
    lambda m: m.encoder.block, call=lambda m, i: m.encoder(i), final_norm=lambda m: m.encoder.final_layer_norm)
text("modernbert", T.ModernBertModel, lambda: T.ModernBertConfig(
    **{**SMALL, "num_hidden_layers": 4}, global_attn_every_n_layers=3, local_attention=4, pad_token_id=0, bos_token_id=1,
    eos_token_id=2, cls_token_id=1, sep_token_id=2), lambda m: m.layers, final_norm=lambda m: m.final_norm)
text("albert", T.AlbertModel, lambda: T.AlbertConfig(
    **SMALL, embedding_size=12, num_hidden_groups=1), lambda m: [])


# ---------------------------------------------------------------- writing and comparing

def save(name, folder):
    kind, build = FAMILIES[name]
    model, extractor, taps = build()
    shutil.rmtree(folder, ignore_errors=True)
    # Of what is no part of the encoder the fixtures need but a little.
    left_out = ("acoustic_decoder.", "acoustic_encoder.", "decoder.", "model.decoder.", "t2u_model.", "vocoder.", "text_decoder.")
    state = {k: v for k, v in model.state_dict().items() if not k.startswith(left_out)} if name in STRIPPED else None
    model.save_pretrained(folder, state_dict=state)
    if extractor is not None:
        extractor.save_pretrained(folder)
    config = folder / "config.json"
    if hasattr(model, "saved_config"):
        config.write_text(json.dumps({**json.loads(config.read_text()), **model.saved_config}, indent=2))
    (folder / "generation_config.json").unlink(missing_ok=True)
    return kind, {k: np.ascontiguousarray(v, np.float32) for k, v in taps().items()}


def all_states(folder):
    """What hooks do not show: ALBERT's one block runs for every layer, DeBERTa-v2's convolution lies beside its first."""
    model = T.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        states = model(torch.tensor([TOKENS]), output_hidden_states=True).hidden_states
    return {f"hidden.{i}": array(x) for i, x in enumerate(states)}


def fixtures(names):
    for name in names:
        folder = RESOURCES / "families" / name
        kind, taps = save(name, folder)
        if name in ("albert", "deberta_v2"):
            taps = {k: np.ascontiguousarray(v) for k, v in all_states(folder).items()}
        thin = {}
        for tap, values in taps.items():
            step = -(-len(values) // 64)
            thin[tap if step == 1 else f"{tap}@{step}"] = np.ascontiguousarray(values[::step])
        save_file(thin, folder / "reference.safetensors")
        size = sum(f.stat().st_size for f in folder.iterdir())
        print(f"{name}: {len(taps)} taps, {size // 1024} KB", flush=True)


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    n = min(len(a), len(b))
    return a.shape[-1] == b.shape[-1] and len(a) <= len(b) + 1 and np.abs(a[:n] - b[:n]).max() < 1e-5 * np.abs(b).max()


def told(model, extractor):
    """What `probe-layers inspect` says of each layer's place in the outputs since 5.16, as a set."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        if extractor is not None:
            extractor.save_pretrained(folder)
        if hasattr(model, "saved_config"):
            config = Path(folder) / "config.json"
            config.write_text(json.dumps({**json.loads(config.read_text()), **model.saved_config}))
        command = os.environ.get("PROBE_LAYERS", str(ROOT / ".build" / "release" / "probe-layers"))
        text = subprocess.run([command, "inspect", folder, "--json", "--no-cost"], capture_output=True, text=True, check=True).stdout
    found = {}

    def walk(value):
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            if "name" in value and "step" in value:
                words = re.sub(r", until [\d.]+ hidden_states\[\d+\]", "", value.get("transformers") or "")
                found[value["name"]] = set(re.findall(r"hidden_states\[\d+\]|last_hidden_state", words))
            for item in value.values():
                walk(item)
    walk(json.loads(text))
    return found


def places(chosen):
    """Where transformers' own `output_hidden_states=True` has each value."""
    wrong = []
    for name in chosen:
        kind, build = FAMILIES[name]
        model, extractor, taps = build()
        said = told(model, extractor) if kind == "sound" else {}
        for module in model.modules():
            if isinstance(getattr(module, "config", None), T.PreTrainedConfig):
                module.config.output_hidden_states = True
        Pass.latest = None
        found = taps()
        out = Pass.latest and Pass.latest.out
        states = out is not None and (out.get("hidden_states") or out.get("encoder_hidden_states"))
        if not states:
            print(f"{name}: no hidden_states", flush=True)
            continue
        states = [array(s) for s in states]
        last = out.get("last_hidden_state")
        last = None if last is None else array(last)
        table = {}
        for tap, values in found.items():
            places = [f"hidden_states[{k}]" for k, s in enumerate(states) if same(values, s)]
            if last is not None and same(values, last):
                places.append("last_hidden_state")
            table[tap] = places
            # Where nothing is added for positions, what is projected is what enters the first block.
            if said and tap not in ("projection", "logits") and set(places) != {
                    place for place in said[tap] if last is not None or place != "last_hidden_state"}:
                wrong.append(f"{name} {tap}: inspect says {sorted(said[tap])}, found {places}")
        print(name, len(states), table, flush=True)
    if wrong:
        sys.exit("\n".join(wrong))


def compare(names):
    command = os.environ.get("PROBE_LAYERS", str(ROOT / ".build" / "release" / "probe-layers"))
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            folder, out = Path(work) / name, Path(work) / "out.safetensors"
            kind, taps = save(name, folder)
            if kind == "text":
                continue  # `extract` reads sound; text models are compared by the package's tests
            wav = RESOURCES / "clap" / "input.wav" if name.startswith("clap") else SOUND
            run = subprocess.run([command, "extract", str(folder), str(wav), "-o", str(out)], capture_output=True, text=True)
            if run.returncode:
                print(f"| {name} | refused | {run.stderr.strip().splitlines()[0]} |")
                continue
            found = load_file(out)
            errors = {}
            for tap, expected in taps.items():
                if tap in found:
                    n = min(len(found[tap]), len(expected))
                    errors[tap] = np.abs(found[tap][:n] - expected[:n]).max() / np.abs(expected).max()
            worst = max(errors, key=errors.get)
            print(f"| {name} | {len(errors)} taps | {errors[worst]:.1e} at {worst} |", flush=True)


if __name__ == "__main__":
    mode, names = sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:] or list(FAMILIES)
    {"fixtures": fixtures, "compare": compare, "names": places}.get(mode, lambda _: sys.exit(__doc__))(names)
