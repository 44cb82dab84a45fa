"""The 122 numbers the network sees: one definition, used by training and by serving.

Six families (spectral centroid, spectral rolloff, zero crossing rate, 40 MFCC, 12 chroma, 6 tonnetz), each row
summarised by its mean and its population standard deviation over the frames. Names and order are the columns of the
public data set 'EDM Music Genres' (Kaggle, sivadithiyan). All families share one short-time Fourier transform; the
values equal those of the separate librosa calls with `tonnetz(chroma=chroma_stft(...))`. Two steps for which librosa
would have Numba compile its own are done with NumPy: zero crossings, and the peaks that the tuning is estimated from.
"""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S
from classifier.lean_librosa import hann, librosa, mel_filters


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

_PITCHES_HZ = (150.0, 4000.0)
_PEAK_SHARE = 0.1
"""Of a frame's loudest bin."""
_NEARLY_ZERO = 1e-10
"""These three are librosa's own."""


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
    magnitude = np.abs(librosa.stft(samples, n_fft=spec.n_fft, hop_length=spec.hop_length, window=hann))
    power = magnitude**2
    rate = spec.sample_rate_hz
    mel = _mel_filters(spec) @ power
    chroma = librosa.feature.chroma_stft(S=power, sr=rate, n_chroma=spec.n_chroma, tuning=_tuning(power, spec))
    rows = np.vstack(
        [
            librosa.feature.spectral_centroid(S=magnitude, sr=rate),
            librosa.feature.spectral_rolloff(S=magnitude, sr=rate, roll_percent=spec.rolloff_share),
            _zero_crossing_rate(samples, spec),
            librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=spec.n_mfcc),
            chroma,
            librosa.feature.tonnetz(chroma=chroma),
        ]
    )
    return np.column_stack([rows.mean(axis=1), rows.std(axis=1)]).ravel().astype(np.float32)


def _tuning(power: FloatArray, spec: FeatureSpec) -> float:
    """What `librosa.estimate_tuning(S=power)` says: by which fraction of a bin of the chroma, of -0.5 to 0.5, notes are
    off. None (0.0) for sound without a clear pitch.

    Peaks of a frame (Julius Smith, "Sinusoidal Peak Interpolation", https://ccrma.stanford.edu/~jos/sasp/) count where
    they are louder than the median of all peaks.
    """
    frequencies = librosa.fft_frequencies(sr=spec.sample_rate_hz, n_fft=spec.n_fft)
    first, last = np.searchsorted(frequencies, _PITCHES_HZ)
    below, here, above = (power[first + step : last + step] for step in (-1, 0, 1))
    is_peak = (here > _PEAK_SHARE * power.max(axis=0)) & (here > below) & (here >= above)
    if not is_peak.any():
        return 0.0
    below, here, above = below[is_peak], here[is_peak], above[is_peak]
    slope, bend = (above - below) / 2, (below + above) - 2.0 * here.astype(np.float64)
    shift = np.where(np.abs(slope) < np.abs(bend), -slope / np.where(bend == 0.0, 1.0, bend), 0.0).astype(np.float32)
    heights = here + 0.5 * slope * shift
    pitches = (first + np.nonzero(is_peak)[0] + shift) * float(spec.sample_rate_hz) / spec.n_fft
    loud = pitches[heights >= np.median(heights)].astype(np.float32)
    return float(librosa.pitch_tuning(loud, bins_per_octave=spec.n_chroma))


def _zero_crossing_rate(samples: FloatArray, spec: FeatureSpec) -> FloatArray:
    """(1, frames): what `librosa.feature.zero_crossing_rate` says."""
    is_negative = np.pad(samples, spec.n_fft // 2, mode="edge") < -_NEARLY_ZERO
    crossings = np.concatenate([[0], np.cumsum(is_negative[1:] != is_negative[:-1])])
    starts = np.arange(0, len(is_negative) - spec.n_fft + 1, spec.hop_length)
    return ((crossings[starts + spec.n_fft - 1] - crossings[starts]) / spec.n_fft)[np.newaxis]


@lru_cache(maxsize=4)
def _mel_filters(spec: FeatureSpec) -> FloatArray:
    """Mel filter bank (n_mels, 1 + n_fft / 2): building it costs more than applying it."""
    return mel_filters(sr=spec.sample_rate_hz, n_fft=spec.n_fft, n_mels=spec.n_mels)
