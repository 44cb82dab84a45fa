"""The log-mel spectrogram that rhythm and embedding are computed from: the input MusiCNN was trained on.

Definition (Pons & Serra 2019, https://github.com/jordipons/musicnn): mono at 16 kHz, Hann windows of 512 samples every
256, 96 mel bands up to 8 kHz, log10(1 + 10000 · power). Values are kept in steps of 1/40, as bytes, so that a table of
them is small and training and serving see exactly the same numbers.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import soxr

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S
from classifier.lean_librosa import hann, librosa, mel_filters

MelArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MelSpec:
    """Everything that changes a value of the spectrogram."""

    sample_rate_hz: int = 16_000
    n_fft: int = 512
    hop_length: int = 256
    n_mels: int = 96
    frames: int = 187
    """Full hops in 3 seconds."""
    steps_per_unit: int = 40

    @property
    def frames_per_s(self) -> float:
        return self.sample_rate_hz / self.hop_length


MEL = MelSpec()


def extract_mel(samples: FloatArray) -> MelArray:
    """The log-mel spectrogram of one window.

    Parameters: `samples` (66150,) float32, mono at 22,050 Hz. Returns (187, 96) uint8, frames by bands, in steps of
    1/40 (`decoded` gives the logarithms). Raises ValueError for another length.
    """
    if len(samples) != round(WINDOW_S * SAMPLE_RATE_HZ):
        raise ValueError(f"expected {WINDOW_S:g} s of samples, got {len(samples)}")
    resampled = soxr.resample(samples, SAMPLE_RATE_HZ, MEL.sample_rate_hz, quality="HQ")
    power = np.abs(librosa.stft(resampled, n_fft=MEL.n_fft, hop_length=MEL.hop_length, window=hann)) ** 2
    logarithms = np.log10(1.0 + 10_000.0 * (_filters() @ power[:, : MEL.frames]))
    return np.clip(np.rint(logarithms.T * MEL.steps_per_unit), 0, 255).astype(np.uint8)


def decoded(mel: MelArray) -> FloatArray:
    """The logarithms (float32) of log-mel spectrograms (…, 187, 96)."""
    return mel.astype(np.float32) / np.float32(MEL.steps_per_unit)


@lru_cache(maxsize=1)
def _filters() -> FloatArray:
    return mel_filters(sr=MEL.sample_rate_hz, n_fft=MEL.n_fft, n_mels=MEL.n_mels)
