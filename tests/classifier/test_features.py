"""The 122 values: names, equality with the separate librosa calls, known answers on ideal signals, golden values."""

import json
from pathlib import Path

import librosa
import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.features import FEATURE_NAMES, SPEC, _tuning, extract_features
from tests.support.audio import dance_track, sine

GOLDEN = Path(__file__).with_name("golden_features.json")


def noise() -> FloatArray:
    return np.random.default_rng(3).normal(0.0, 0.1, 66_150).astype(np.float32)


SIGNALS = {
    "music": lambda: dance_track(3.0, rate_hz=SAMPLE_RATE_HZ),
    "sine": lambda: sine(3.0, 440.0),
    "noise": noise,
    "click": lambda: np.eye(1, 66_150, 30_000, dtype=np.float32)[0],
    "two tones": lambda: sine(3.0, 220.0) + sine(3.0, 5000.0, amplitude=0.2),
}


def chord(seed: int) -> FloatArray:
    """Notes that are off by any amount, in steps, half silent, or under noise."""
    random = np.random.default_rng(seed)
    samples = sum(sine(3.0, 60.0 * 2.0 ** random.uniform(0, 6), amplitude=random.uniform(0, 0.2)) for _ in range(5))
    samples = samples + random.normal(0.0, random.choice([0.0, 1e-4, 1e-2]), 66_150)
    if seed % 3 == 1:
        samples = np.round(samples * 8) / 8
    samples[: seed % 4 * 10_000] = 0.0
    return samples.astype(np.float32)


def value(features: FloatArray, name: str) -> float:
    return float(features[FEATURE_NAMES.index(name)])


def separate_calls(samples: FloatArray) -> FloatArray:
    """The definition: six librosa calls, each with its own Fourier transform."""
    chroma = librosa.feature.chroma_stft(y=samples, sr=SAMPLE_RATE_HZ)
    rows = np.vstack(
        [
            librosa.feature.spectral_centroid(y=samples, sr=SAMPLE_RATE_HZ),
            librosa.feature.spectral_rolloff(y=samples, sr=SAMPLE_RATE_HZ),
            librosa.feature.zero_crossing_rate(samples),
            librosa.feature.mfcc(y=samples, sr=SAMPLE_RATE_HZ, n_mfcc=40),
            chroma,
            librosa.feature.tonnetz(chroma=chroma),
        ]
    )
    return np.stack([np.mean(rows, axis=1), np.std(rows, axis=1)], axis=1).ravel()


def test_names_are_the_columns_of_the_public_data_set() -> None:
    assert len(FEATURE_NAMES) == len(set(FEATURE_NAMES)) == 122
    assert FEATURE_NAMES[:8] == (
        "spectral_centroid_mean",
        "spectral_centroid_std",
        "rolloff_mean",
        "rolloff_std",
        "zero_crossing_rate_mean",
        "zero_crossing_rate_std",
        "mfcc1_mean",
        "mfcc1_std",
    )
    assert FEATURE_NAMES[84:88] == ("mfcc40_mean", "mfcc40_std", "chroma1_mean", "chroma1_std")
    assert FEATURE_NAMES[-1] == "tonnetz6_std"


@pytest.mark.parametrize("seed", range(24))
def test_notes_that_are_off_are_described_as_librosa_does(seed: int) -> None:
    """What depends on the tuning, and the crossings."""
    samples = chord(seed)
    those = [name.startswith(("chroma", "tonnetz", "zero")) for name in FEATURE_NAMES]
    np.testing.assert_allclose(extract_features(samples)[those], separate_calls(samples)[those], rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Trying to estimate tuning")
@pytest.mark.parametrize("kind", ["chords", "noise", "click", "silence"])
def test_the_tuning_is_librosas(kind: str) -> None:
    for seed in range(12):
        samples = {
            "chords": lambda seed=seed: chord(seed),
            "noise": lambda seed=seed: np.random.default_rng(seed).normal(0.0, 0.1, 66_150).astype(np.float32),
            "click": SIGNALS["click"],
            "silence": lambda: np.zeros(66_150, np.float32),
        }[kind]()
        power = np.abs(librosa.stft(samples)) ** 2
        assert _tuning(power, SPEC) == librosa.estimate_tuning(S=power, sr=SAMPLE_RATE_HZ, bins_per_octave=12)


@pytest.mark.filterwarnings("ignore:Trying to estimate tuning")
@pytest.mark.parametrize("signal", SIGNALS)
def test_one_shared_transform_equals_the_separate_calls(signal: str) -> None:
    samples = SIGNALS[signal]()
    expected = separate_calls(samples)
    # A family's smallest values are rounding noise of its largest: 1e-5 is relative to the value or its family's scale.
    np.testing.assert_allclose(extract_features(samples), expected, rtol=1e-5, atol=1e-5 * np.abs(expected[6:8]).max())
    assert extract_features(samples).dtype == np.float32


def test_a_sine_has_the_centroid_the_crossings_and_the_pitch_class_it_must_have() -> None:
    features = extract_features(sine(3.0, 440.0))
    assert value(features, "spectral_centroid_mean") == pytest.approx(440.0, rel=0.05)
    assert value(features, "zero_crossing_rate_mean") == pytest.approx(2 * 440.0 / SAMPLE_RATE_HZ, rel=0.02)
    chroma = [value(features, f"chroma{number}_mean") for number in range(1, 13)]
    assert int(np.argmax(chroma)) == 9  # C is the first: A is the tenth
    assert chroma[9] == pytest.approx(1.0, abs=0.01)


def test_a_gain_moves_the_first_coefficient_only() -> None:
    """g dB add g·√128 to mfcc1_mean (orthonormal DCT-II over 128 bands); the augmentation relies on it."""
    samples = dance_track(3.0, rate_hz=SAMPLE_RATE_HZ)
    quiet, loud = extract_features(samples * 0.25), extract_features(samples * 0.5)
    gain_db = 20 * np.log10(2)
    difference = loud - quiet
    first = FEATURE_NAMES.index("mfcc1_mean")
    assert difference[first] == pytest.approx(gain_db * np.sqrt(SPEC.n_mels), rel=1e-3)
    np.testing.assert_allclose(np.delete(difference, first), 0.0, atol=2e-2)


def test_values_have_not_moved() -> None:
    """Golden values of the synthetic track: a change here invalidates every trained model."""
    golden = json.loads(GOLDEN.read_text())
    features = extract_features(dance_track(3.0, rate_hz=SAMPLE_RATE_HZ))
    found = dict(zip(FEATURE_NAMES, features.tolist(), strict=True))
    assert found == pytest.approx(golden, rel=1e-3, abs=2e-3)


def test_sound_without_pitch_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    assert np.isfinite(extract_features(SIGNALS["click"]())).all()
    assert not recwarn.list


def test_the_spec_is_plain_json() -> None:
    assert json.loads(json.dumps(SPEC.to_dict())) == SPEC.to_dict()
