"""Export: for each family the names, the times and the values are those of `probe-layers extract` on the same model."""

import importlib
import shutil
import subprocess

import numpy as np
import pytest
from conftest import MODELS, ROOT, small_corpus

import strata

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
import soundfile  # noqa: E402
from safetensors import safe_open  # noqa: E402

WAVE = "Wav2Vec2FeatureExtractor"
FAMILIES = [
    ("wav2vec2_base", "Wav2Vec2ForCTC", WAVE), ("wav2vec2_large", "Wav2Vec2ForCTC", WAVE),
    ("hubert_base", "HubertModel", WAVE), ("hubert_large", "HubertModel", WAVE),
    ("wavlm_base", "WavLMModel", WAVE), ("wavlm_large", "WavLMModel", WAVE),
    ("data2vec_audio", "Data2VecAudioModel", WAVE), ("conformer_rope", "Wav2Vec2ConformerModel", WAVE),
    ("families/sew", "SEWForCTC", WAVE), ("families/unispeech", "UniSpeechForCTC", WAVE),
    ("families/unispeech_sat", "UniSpeechSatForCTC", WAVE),
    ("whisper", "WhisperForConditionalGeneration", "WhisperFeatureExtractor"),
    ("families/moonshine", "MoonshineForConditionalGeneration", WAVE),
    ("w2v_bert", "Wav2Vec2BertModel", "SeamlessM4TFeatureExtractor"),
    ("families/speech_to_text", "Speech2TextForConditionalGeneration", "Speech2TextFeatureExtractor"),
    ("parakeet", "ParakeetForCTC", "ParakeetFeatureExtractor"),
    ("families/sew_d", "SEWDForCTC", WAVE), ("families/mert", "HubertModel", WAVE),
    ("families/speecht5", "SpeechT5ForSpeechToText", "SpeechT5FeatureExtractor"),
    ("families/omniasr_ctc", "OmniASRForCTC", "OmniASRFeatureExtractor"),
    ("families/speech_encoder_decoder", "SpeechEncoderDecoderModel", WAVE),
    ("families/whisper_encoder", "WhisperEncoder", "WhisperFeatureExtractor"),
    ("families/voxtral", "VoxtralForConditionalGeneration", "WhisperFeatureExtractor"),
    ("families/qwen2_audio", "Qwen2AudioForConditionalGeneration", "WhisperFeatureExtractor"),
    ("families/audioflamingo3", "AudioFlamingo3ForConditionalGeneration", "WhisperFeatureExtractor"),
    ("families/glmasr", "GlmAsrForConditionalGeneration", "WhisperFeatureExtractor"),
    ("families/qwen2_5_omni", "Qwen2_5OmniAudioEncoder", "WhisperFeatureExtractor"),
    ("families/moonshine_streaming", "MoonshineStreamingForConditionalGeneration", WAVE),
    ("families/canary", "CanaryForConditionalGeneration", "ParakeetFeatureExtractor"),
    ("families/cohere_asr", "CohereAsrForConditionalGeneration", "CohereAsrFeatureExtractor"),
    ("families/seamless_m4t", "SeamlessM4TForSpeechToText", "SeamlessM4TFeatureExtractor"),
    ("families/seamless_m4t_v2", "SeamlessM4Tv2ForSpeechToText", "SeamlessM4TFeatureExtractor"),
    ("ast", "ASTForAudioClassification", "ASTFeatureExtractor"),
    ("encodec", "EncodecModel", "EncodecFeatureExtractor"), ("mimi", "MimiModel", "EncodecFeatureExtractor"),
]

# Not at transformers' top.
INSIDE = {
    "WhisperEncoder": "whisper.modeling_whisper", "Qwen2_5OmniAudioEncoder": "qwen2_5_omni.modeling_qwen2_5_omni",
    "OmniASRForCTC": "omniasr_ctc.modeling_omniasr_ctc",
    "OmniASRFeatureExtractor": "omniasr.feature_extraction_omniasr",
    "CanaryForConditionalGeneration": "canary.modeling_canary",
    "CohereAsrForConditionalGeneration": "cohere_asr.modeling_cohere_asr",
    "CohereAsrFeatureExtractor": "cohere_asr.feature_extraction_cohere_asr",
}


def found(name):
    place = f"transformers.models.{INSIDE[name]}" if name in INSIDE else "transformers"
    return getattr(importlib.import_module(place), name)


def loaded(path):
    with safe_open(path, "np") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()


def extracted(folder, sound, out):
    subprocess.run(
        [strata.find_binary(), "extract", folder, sound, "-o", out, "--quiet"], check=True, capture_output=True)
    return loaded(out)


def must_agree(own, reference, tolerance=1e-4):
    (arrays, words), (expected, told) = own, reference
    assert set(arrays) == set(expected)
    assert words["layers"] == told["layers"]
    for layer, values in expected.items():
        assert words[f"timing.{layer}"] == told[f"timing.{layer}"], layer
        assert arrays[layer].dtype == np.float32 and arrays[layer].shape == values.shape, layer
        error = np.abs(arrays[layer] - values).max() / max(1, np.abs(values).max())
        assert error < tolerance, f"{layer}: {error}"


@pytest.mark.parametrize("folder, model, extractor", FAMILIES, ids=[name for name, _, _ in FAMILIES])
def test_names_times_and_values_are_those_of_the_command(folder, model, extractor, tmp_path):
    place = MODELS / folder
    sound = place / "input.wav"
    sound = sound if sound.exists() else MODELS / "wav2vec2_base" / "input.wav"
    out = strata.export(
        found(model).from_pretrained(place),
        found(extractor).from_pretrained(place), [sound], tmp_path / "activations")
    assert sorted(path.name for path in out.iterdir()) == ["activations.yaml", "input.safetensors"]
    must_agree(loaded(out / "input.safetensors"), extracted(place, sound, tmp_path / "theirs.safetensors"))


# Codecs; MERT, whose class is not of transformers; parts that no folder holds alone; what AutoModel does not load whole.
NOT_BY_NAME = {"encodec", "mimi", "families/mert", "families/whisper_encoder", "families/qwen2_5_omni",
               "families/speecht5", "families/speech_encoder_decoder"}
NOTEBOOK = (ROOT / "notebooks-md" / "03-activations-from-elsewhere.md").read_text().split("```python\n")[1].split("```")[0]


@pytest.mark.parametrize("folder", [name for name, _, _ in FAMILIES if name not in NOT_BY_NAME])
def test_the_lines_of_the_notebook(folder, tmp_path, monkeypatch):
    """With a folder and a sound in the place of the names in it."""
    place = MODELS / folder
    sound = place / "input.wav"
    sound = sound if sound.exists() else MODELS / "wav2vec2_base" / "input.wav"
    (tmp_path / "corpus").mkdir()
    shutil.copy(sound, tmp_path / "corpus" / "input.wav")
    monkeypatch.chdir(tmp_path)
    assert NOTEBOOK.count('"facebook/hubert-base-ls960", "my-corpus"') == 1
    exec(NOTEBOOK.replace('"facebook/hubert-base-ls960", "my-corpus"', f"{str(place)!r}, 'corpus'"), {})
    arrays, words = loaded(tmp_path / "activations" / "input.safetensors")
    expected, told = extracted(place, sound, tmp_path / "theirs.safetensors")
    assert set(expected) - set(arrays) <= {"logits"} and set(arrays) <= set(expected)
    for layer, values in arrays.items():
        assert words[f"timing.{layer}"] == told[f"timing.{layer}"], layer
        error = np.abs(values - expected[layer]).max() / max(1, np.abs(expected[layer]).max())
        assert values.shape == expected[layer].shape and error < 1e-4, f"{layer}: {error}"


def test_dac(tmp_path):
    torch.manual_seed(0)
    model = transformers.DacModel(transformers.DacConfig(
        encoder_hidden_size=4, downsampling_ratios=[2, 3, 4, 5], decoder_hidden_size=32, upsampling_ratios=[5, 4, 3, 2],
        n_codebooks=3, codebook_size=16, codebook_dim=4, hidden_size=32, sampling_rate=16000))
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.05 * torch.randn(value.shape))
    model.save_pretrained(tmp_path / "model")
    extractor = transformers.DacFeatureExtractor(sampling_rate=16000, hop_length=120)
    extractor.save_pretrained(tmp_path / "model")
    sound = MODELS / "dac" / "input.wav"
    out = strata.export(model, extractor, [sound], tmp_path / "activations")
    must_agree(
        loaded(out / "input.safetensors"), extracted(tmp_path / "model", sound, tmp_path / "theirs.safetensors"))


def test_the_lines_of_the_notebook_load_half_precision_in_full(tmp_path, monkeypatch):
    transformers.HubertModel.from_pretrained(MODELS / "hubert_base").half().save_pretrained(tmp_path / "half")
    shutil.copy(MODELS / "hubert_base" / "preprocessor_config.json", tmp_path / "half")
    (tmp_path / "corpus").mkdir()
    shutil.copy(MODELS / "hubert_base" / "input.wav", tmp_path / "corpus" / "input.wav")
    monkeypatch.chdir(tmp_path)
    exec(NOTEBOOK.replace('"facebook/hubert-base-ls960", "my-corpus"', "'half', 'corpus'"), {})
    arrays, _ = loaded(tmp_path / "activations" / "input.safetensors")
    expected, _ = extracted(tmp_path / "half", tmp_path / "corpus" / "input.wav", tmp_path / "theirs.safetensors")
    for layer, values in arrays.items():
        assert np.abs(values - expected[layer]).max() < 1e-4 * np.abs(expected[layer]).max(), layer


def test_whisper_reads_long_sound_in_windows(tmp_path):
    place = MODELS / "whisper"
    sound, rate = soundfile.read(place / "input.wav", dtype="float32")
    window = 320 * transformers.WhisperConfig.from_pretrained(place).max_source_positions
    soundfile.write(tmp_path / "long.wav", np.tile(sound, 1 + int(2.3 * window / len(sound))), rate)
    out = strata.export(
        transformers.WhisperModel.from_pretrained(place), transformers.WhisperFeatureExtractor.from_pretrained(place),
        [tmp_path / "long.wav"], tmp_path / "activations")
    must_agree(
        loaded(out / "long.safetensors"), extracted(place, tmp_path / "long.wav", tmp_path / "theirs.safetensors"))


def test_stereo_at_another_rate_is_heard_as_the_command_hears_it(tmp_path):
    place = MODELS / "hubert_base"
    generator = np.random.default_rng(0)
    sound = np.cumsum(generator.normal(size=(22050, 2)), axis=0)
    soundfile.write(tmp_path / "two.wav", 0.5 * sound / np.abs(sound).max(), 22050)
    out = strata.export(
        transformers.HubertModel.from_pretrained(place), transformers.Wav2Vec2FeatureExtractor.from_pretrained(place),
        [tmp_path / "two.wav"], tmp_path / "activations")
    must_agree(
        loaded(out / "two.safetensors"), extracted(place, tmp_path / "two.wav", tmp_path / "theirs.safetensors"), 1e-3)


@pytest.fixture
def hubert():
    place = MODELS / "hubert_base"
    return (transformers.HubertModel.from_pretrained(place),
            transformers.Wav2Vec2FeatureExtractor.from_pretrained(place))


def test_a_corpus_is_exported_and_studied(hubert, tmp_path):
    corpus = small_corpus(tmp_path / "corpus")
    model, extractor = hubert
    model.train()
    model.half()
    out = strata.export(model, extractor, corpus, tmp_path / "out", only=["hidden.1", "hidden.2"], name='my "hubert"')
    assert model.training
    assert (out / "awb").is_dir() and 'model: "my \\"hubert\\""' in (out / "activations.yaml").read_text()
    study = strata.study(out, corpus, levels="phoneme", output=tmp_path / "study", progress=False)
    assert study.model == 'my "hubert"'
    assert [tap["layer"]["name"] for tap in study.data["model"]["tapPoints"]] == ["hidden.1", "hidden.2"]
    assert study.data["model"]["tapPoints"][0]["firstCentreSeconds"] == pytest.approx(199.5 / 16000)


def test_a_model_of_ones_own_needs_names_and_times(hubert, tmp_path):
    model, extractor = hubert
    sound = MODELS / "hubert_base" / "input.wav"
    out = strata.export(
        model, extractor, [sound], tmp_path / "own", layers={"hidden.1": "encoder.layers.0"}, hop=0.02, first_centre=0.0125)
    arrays, words = loaded(out / "input.safetensors")
    strata.export(model, extractor, [sound], tmp_path / "known", only=["hidden.1"])
    known, _ = loaded(tmp_path / "known" / "input.safetensors")
    assert np.array_equal(arrays["hidden.1"], known["hidden.1"])
    assert words["timing.hidden.1"] == (
        "sampling_rate=16000 stride_samples=320 receptive_field_samples=320 first_centre_sample=200.0")

    def fails(words, **given):
        with pytest.raises(strata.StrataError, match=words):
            strata.export(model, extractor, [sound], tmp_path / "none", **given)
        assert not (tmp_path / "none").exists()
    fails("say hop=", layers={"hidden.1": "encoder.layers.0"})
    fails("no module encoder.layer.0", layers={"hidden.1": "encoder.layer.0"}, hop=0.02)
    fails("hop: found 1e-06 s", layers={"hidden.1": "encoder.layers.0"}, hop=1e-6)
    fails("of layers that `layers` names", hop=0.02)
    fails("there is no layer hidden.9; the layers are conv.1", only=["hidden.9"])
    model.config.model_type = "new"
    fails("a model of type new are not known here")


def test_what_cannot_be_exported_is_told_and_leaves_nothing(hubert, tmp_path):
    model, extractor = hubert
    good = tmp_path / "a" / "good.wav"
    good.parent.mkdir()
    soundfile.write(good, np.random.default_rng(0).normal(size=16000) * 0.1, 16000)
    (tmp_path / "empty").mkdir()
    bad, short, twin = tmp_path / "bad.wav", tmp_path / "short.wav", tmp_path / "a" / "good.flac"
    bad.write_bytes(b"no sound")
    soundfile.write(short, np.zeros(100), 16000)
    soundfile.write(twin, np.zeros(16000), 16000)
    for files, words in [
        ([good, tmp_path / "none.wav"], "none.wav: there is no such file"), ([good, bad], "cannot be read as sound"),
        ([good, short], "short.wav"), (tmp_path / "empty", "there are no recordings"), ([], "found an empty list"),
        ([good, twin], "would both be the utterance good"),
    ]:
        before = sorted(tmp_path.iterdir())
        with pytest.raises(strata.StrataError, match=words):
            strata.export(model, extractor, files, tmp_path / "out")
        assert sorted(tmp_path.iterdir()) == before
    strata.export(model, extractor, [good], tmp_path / "out")
    with pytest.raises(strata.StrataError, match="exists already"):
        strata.export(model, extractor, [good], tmp_path / "out")


def test_text_models_have_no_times(tmp_path):
    model = transformers.BertModel(transformers.BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8))
    with pytest.raises(strata.StrataError, match="tokens, which have no times"):
        strata.export(model, None, [MODELS / "hubert_base" / "input.wav"], tmp_path / "out")
