"""The 122 numbers the network sees: one definition, used by training and by serving.

Six families (spectral centroid, spectral rolloff, zero crossing rate, 40 MFCC, 12 chroma, 6 tonnetz), each row
summarised by its mean and its population standard deviation over the frames. Names and order are the columns of the
public data set 'EDM Music Genres' (Kaggle, sivadithiyan). All families share one short-time Fourier transform; the
values equal those of the separate librosa calls with `tonnetz(chroma=chroma_stft(...))`.
"""

import warnings
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import librosa
import numpy as np
from librosa.filters import mel as mel_filters

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """Everything that changes a feature's value; stored in every model bundle and compared when it is loaded."""

    sample_rate_hz: int = SAMPLE_RATE_HZ
    window_s: float = WINDOW_S
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 40
    n_chroma: int = 12
    n_tonnetz: int = 6
    rolloff_share: float = 0.85
    statistics: tuple[str, ...] = ("mean", "std")

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "statistics": list(self.statistics)}


SPEC = FeatureSpec()


def _names(spec: FeatureSpec) -> tuple[str, ...]:
    rows = ["spectral_centroid", "rolloff", "zero_crossing_rate"]
    for family, count in (("mfcc", spec.n_mfcc), ("chroma", spec.n_chroma), ("tonnetz", spec.n_tonnetz)):
        rows += [f"{family}{number}" for number in range(1, count + 1)]
    return tuple(f"{row}_{statistic}" for row in rows for statistic in spec.statistics)


FEATURE_NAMES: tuple[str, ...] = _names(SPEC)


def extract_features(samples: FloatArray, *, spec: FeatureSpec = SPEC) -> FloatArray:
    """Describe one window of audio.

    Parameters: `samples` (n,) float32, mono at `spec.sample_rate_hz`.
    Returns (122,) float32 in the order of `FEATURE_NAMES`. Digital silence gives finite but meaningless values: test
    for silence first. Windows are not batched: the dB clipping and the tuning estimate are relative to one window.

    The centroid of a pure tone is its frequency:

    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(66_150) / 22_050).astype(np.float32)
    >>> features = dict(zip(FEATURE_NAMES, extract_features(tone), strict=True))
    >>> len(features), round(float(features["spectral_centroid_mean"]), -2)
    (122, 1000.0)
    """
    magnitude = np.abs(librosa.stft(samples, n_fft=spec.n_fft, hop_length=spec.hop_length))
    power = magnitude**2
    rate = spec.sample_rate_hz
    mel = _mel_filters(spec) @ power
    with warnings.catch_warnings():
        # Sound without a clear pitch (noise, a lone kick) has no tuning to estimate: librosa then takes none.
        warnings.filterwarnings("ignore", message="Trying to estimate tuning from empty frequency set")
        chroma = librosa.feature.chroma_stft(S=power, sr=rate, n_chroma=spec.n_chroma)
    rows = np.vstack(
        [
            librosa.feature.spectral_centroid(S=magnitude, sr=rate),
            librosa.feature.spectral_rolloff(S=magnitude, sr=rate, roll_percent=spec.rolloff_share),
            librosa.feature.zero_crossing_rate(samples, frame_length=spec.n_fft, hop_length=spec.hop_length),
            librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=spec.n_mfcc),
            chroma,
            librosa.feature.tonnetz(chroma=chroma),
        ]
    )
    return np.column_stack([rows.mean(axis=1), rows.std(axis=1)]).ravel().astype(np.float32)


@lru_cache(maxsize=4)
def _mel_filters(spec: FeatureSpec) -> FloatArray:
    """Mel filter bank (n_mels, 1 + n_fft / 2): building it costs more than applying it."""
    return mel_filters(sr=spec.sample_rate_hz, n_fft=spec.n_fft, n_mels=spec.n_mels)
