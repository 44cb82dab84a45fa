"""What a window's rhythm is like: which periods its onsets have, and how its bands fluctuate.

Two families, both from the log-mel spectrogram (62.5 frames a second):

- *periodicity*: autocorrelation of the onset strength (the rise of the log-mel bands from frame to frame, as in Böck &
  Widmer 2013) of the whole spectrum and of four parts of it, at lags from 0.19 s to 1.5 s: beats, their halves and
  doubles, in the kick, in the snare, in the hats;
- *fluctuation*: strength of the slow changes of twelve bands at 24 rates from 0.6 Hz to 16 Hz (fluctuation patterns,
  Pampalk, Rauber & Merkl 2002).
"""

from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from classifier.arrays import FloatArray
from classifier.mel import MEL, MelArray, decoded


@dataclass(frozen=True, slots=True)
class RhythmSpec:
    """Everything that changes a value; stored in every bundle that uses rhythm."""

    onset_bands: tuple[tuple[int, int], ...] = ((0, 96), (0, 8), (8, 24), (24, 56), (56, 96))
    """Mel bands (from, to) whose rise is averaged."""
    first_lag: int = 12
    last_lag: int = 94
    lag_step: int = 2
    """Lags in frames of 16 ms."""
    n_fft: int = 512
    fluctuation_bands: int = 12
    fluctuation_rates: int = 24
    lowest_rate_hz: float = 0.6
    highest_rate_hz: float = 16.0
    floor: float = 0.1
    """Added before the logarithm of a fluctuation."""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "onset_bands": [list(pair) for pair in self.onset_bands]}


RHYTHM = RhythmSpec()
_LAGS = np.arange(RHYTHM.first_lag, RHYTHM.last_lag + 1, RHYTHM.lag_step)

PERIODICITY_NAMES = tuple(f"periodicity{n}" for n in range(1, len(RHYTHM.onset_bands) * len(_LAGS) + 1))
FLUCTUATION_NAMES = tuple(f"fluctuation{n}" for n in range(1, RHYTHM.fluctuation_bands * RHYTHM.fluctuation_rates + 1))
RHYTHM_NAMES = PERIODICITY_NAMES + FLUCTUATION_NAMES
"""Band by band, lags or rates ascending."""

_TINY = 1e-9


def extract_rhythm(mel: MelArray) -> FloatArray:
    """Describe the rhythm of one window.

    Parameters: `mel` (187, 96) as `extract_mel` gives it. Returns (498,) float32 in the order of `RHYTHM_NAMES`:
    correlations from -1 to 1, then logarithms of fluctuation strengths.
    """
    logarithms = decoded(mel)
    return np.concatenate([_periodicity(logarithms), _fluctuation(logarithms)]).astype(np.float32)


def onset_strength(logarithms: FloatArray, bands: tuple[int, int]) -> FloatArray:
    """Mean rise of the bands from each frame to the next: (frames, 96) → (frames - 1,)."""
    return np.maximum(np.diff(logarithms[:, slice(*bands)], axis=0), 0.0).mean(axis=1)


def _periodicity(logarithms: FloatArray) -> FloatArray:
    onsets = np.stack([onset_strength(logarithms, bands) for bands in RHYTHM.onset_bands])
    return autocorrelation(onsets)[:, _LAGS].ravel()


def autocorrelation(onsets: FloatArray) -> FloatArray:
    """Autocorrelation of each row around its mean, 1 at lag 0: (rows, n) → (rows, n); 0 for a row without change."""
    centred = onsets - onsets.mean(axis=1, keepdims=True)
    size = 1 << (2 * centred.shape[1] - 1).bit_length()
    sums = np.fft.irfft(np.abs(np.fft.rfft(centred, size, axis=1)) ** 2, axis=1)[:, : centred.shape[1]]
    return np.asarray(sums / np.maximum(sums[:, :1], _TINY), np.float32)


def _fluctuation(logarithms: FloatArray) -> FloatArray:
    width = MEL.n_mels // RHYTHM.fluctuation_bands
    bands = logarithms.reshape(MEL.frames, RHYTHM.fluctuation_bands, width).mean(axis=2)
    swinging = (bands - bands.mean(axis=0)) * np.hanning(MEL.frames)[:, np.newaxis]
    strengths = _rate_filters() @ np.abs(np.fft.rfft(swinging, RHYTHM.n_fft, axis=0))
    return np.log(strengths + RHYTHM.floor).T.ravel()


@lru_cache(maxsize=1)
def _rate_filters() -> FloatArray:
    """Means over the bins of each rate interval, (rates, 1 + n_fft / 2); the nearest bin where an interval has none."""
    bins_hz = np.fft.rfftfreq(RHYTHM.n_fft, 1.0 / MEL.frames_per_s)
    edges = np.geomspace(RHYTHM.lowest_rate_hz, RHYTHM.highest_rate_hz, RHYTHM.fluctuation_rates + 1)
    filters = np.zeros((RHYTHM.fluctuation_rates, len(bins_hz)), np.float32)
    for row, (low, high) in enumerate(pairwise(edges)):
        inside = (bins_hz >= low) & (bins_hz < high)
        if not inside.any():
            inside = np.arange(len(bins_hz)) == np.abs(bins_hz - np.sqrt(low * high)).argmin()
        filters[row] = inside / inside.sum()
    return filters
