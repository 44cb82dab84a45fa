"""The log-mel spectrogram at 32 kHz: the input that the audio tagger mn04 was trained on.

Definition (Schmid, Koutini & Widmer 2023, https://github.com/fschmid56/EfficientAT): mono at 32 kHz, pre-emphasis,
Hann windows of 800 samples every 320, 128 mel bands up to 15 kHz as Kaldi draws them, logarithms brought near to the
range from -1 to 1. The network that reads it is not here.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy.fft
import soxr

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S


@dataclass(frozen=True, slots=True)
class Mel32kSpec:
    """Everything that changes a value of the spectrogram."""

    sample_rate_hz: int = 32_000
    pre_emphasis: float = 0.97
    """y[n] = x[n] - 0.97 x[n - 1], one sample shorter than x."""
    n_fft: int = 1024
    window_length: int = 800
    """Of the Hann window, the symmetric one, in the middle of the FFT's samples."""
    hop_length: int = 320
    n_mels: int = 128
    lowest_hz: float = 0.0
    highest_hz: float = 15_000.0
    frames: int = 300
    """Centred ones, with reflection at both ends, in 3 seconds."""
    log_offset: float = 1e-5
    """Added to the power before its natural logarithm is taken."""
    shift: float = 4.5
    scale: float = 5.0
    """A value is (logarithm + shift) / scale."""


MEL32K = Mel32kSpec()

SILENCE = float((np.log(MEL32K.log_offset) + MEL32K.shift) / MEL32K.scale)
"""The value of a band without power, -1.40: none is lower."""

_FRAMES_AT_ONCE = 30


def extract_mel32k(samples: FloatArray) -> FloatArray:
    """The log-mel spectrogram of one window.

    Parameters: `samples` (66150,) float32, mono at 22,050 Hz. Returns (300, 128) float32, frames by bands; nothing is
    above 11,025 Hz but what the resampling leaves there. Raises ValueError for another shape.
    """
    expected = (round(WINDOW_S * SAMPLE_RATE_HZ),)
    if samples.shape != expected:
        raise ValueError(f"expected {WINDOW_S:g} s of samples {expected}, got {samples.shape}")
    mono = samples.astype(np.float32, copy=False)
    resampled = soxr.resample(mono, SAMPLE_RATE_HZ, MEL32K.sample_rate_hz, quality="HQ")
    mels = _mel_power(resampled[1:] - np.float32(MEL32K.pre_emphasis) * resampled[:-1])
    logarithms = np.log(mels + np.float32(MEL32K.log_offset))
    return (logarithms + np.float32(MEL32K.shift)) / np.float32(MEL32K.scale)


def _mel_power(samples: FloatArray) -> FloatArray:
    """Power (frames, bands) of centred frames of samples at 32 kHz.

    SciPy transforms several frames at once, a fifth of the time of numpy's FFT; and as many at a time as stay in the
    processor's cache take half the time of all together.
    """
    padded = np.pad(samples, MEL32K.n_fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, MEL32K.n_fft)[:: MEL32K.hop_length]
    mels = np.empty((len(frames), MEL32K.n_mels), np.float32)
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        block = slice(start, start + _FRAMES_AT_ONCE)
        spectra = scipy.fft.rfft(frames[block] * _window())[:, :-1]  # no band reads the last bin
        mels[block] = (np.square(spectra.real) + np.square(spectra.imag)) @ _filters()
    return mels


@lru_cache(maxsize=1)
def _window() -> FloatArray:
    margin = (MEL32K.n_fft - MEL32K.window_length) // 2
    return np.pad(np.hanning(MEL32K.window_length), margin).astype(np.float32)


@lru_cache(maxsize=1)
def _filters() -> FloatArray:
    """Triangles (n_fft / 2, bands) of equal width in mel, each 1 at its centre."""
    centres_of_bins = _mel(np.arange(MEL32K.n_fft // 2) * MEL32K.sample_rate_hz / MEL32K.n_fft)
    edges = np.linspace(_mel(MEL32K.lowest_hz), _mel(MEL32K.highest_hz), MEL32K.n_mels + 2)
    position = (centres_of_bins[:, np.newaxis] - edges[1:-1]) / (edges[1] - edges[0])
    return np.maximum(0.0, 1.0 - np.abs(position)).astype(np.float32)


def _mel(frequency_hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The mel scale of HTK and Kaldi: 1127 ln(1 + f / 700)."""
    return 1127.0 * np.log1p(np.asarray(frequency_hz, np.float64) / 700.0)
