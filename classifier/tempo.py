"""The tempo of a track, from the onsets of all its windows together.

Three seconds hold only a few beats, but their autocorrelations add up over a track. Each tempo is scored by the
correlation at one, two, three and four of its beats (a comb, as in Percival & Tzanetakis 2014), weighed by how usual
it is.
"""

from collections.abc import Sequence

import numpy as np

from classifier.arrays import FloatArray
from classifier.mel import MEL, MelArray, decoded
from classifier.rhythm import autocorrelation, onset_strength

SLOWEST_BPM, FASTEST_BPM = 65.0, 195.0
_STEP_BPM = 0.25
_BEATS = (1, 2, 3, 4)
_USUAL_BPM, _OCTAVES = 125.0, 0.9
"""Centre and width of the log-normal weight: dance music lies around 125 beats a minute."""
_LEAST_CORRELATION = 0.1
"""Below this mean correlation there is no beat to speak of."""
_FINENESS = 8
"""Steps of the lag within a frame: at 180 beats a minute whole frames would be wrong by 1 %."""
_BANDS = ((0, MEL.n_mels), (0, 12))
"""Onsets of the whole spectrum and of the kick."""


def estimate_tempo(mels: Sequence[MelArray]) -> float | None:
    """Beats a minute (65 to 195) of a track whose windows look like `mels` (187, 96 each); None where nothing beats.

    >>> from classifier.mel import extract_mel
    >>> in_beat_s = np.arange(66_150) / 22_050 % 0.5
    >>> kick = np.sin(2 * np.pi * 55.0 * in_beat_s) * np.exp(-9.0 * in_beat_s)
    >>> round(estimate_tempo([extract_mel(kick.astype(np.float32))]))
    120
    """
    if not mels:
        return None
    correlation = np.mean([_correlation(decoded(mel)) for mel in mels], axis=0)
    tempos = np.arange(SLOWEST_BPM, FASTEST_BPM + _STEP_BPM, _STEP_BPM)
    period = 60.0 * MEL.frames_per_s / tempos
    lags = period[:, np.newaxis] * np.array(_BEATS)
    fine = _interpolated(correlation)
    teeth = np.interp(lags, np.arange(len(fine)) / _FINENESS, fine, right=np.nan)
    combs = np.nanmean(teeth, axis=1)
    usual = np.exp(-0.5 * (np.log2(tempos / _USUAL_BPM) / _OCTAVES) ** 2)
    best = int((combs * usual).argmax())
    return round(float(tempos[best]), 1) if combs[best] >= _LEAST_CORRELATION else None


def _interpolated(correlation: FloatArray) -> FloatArray:
    """The correlation between the frames, too, (n,) → (8 n - 7,): it is even in the lag, so a Fourier series fits."""
    mirrored = np.concatenate([correlation, correlation[-2:0:-1]])
    fine = np.fft.irfft(np.fft.rfft(mirrored), len(mirrored) * _FINENESS) * _FINENESS
    return np.asarray(fine[: (len(correlation) - 1) * _FINENESS + 1], np.float32)


def _correlation(logarithms: FloatArray) -> FloatArray:
    onsets = np.stack([onset_strength(logarithms, bands) for bands in _BANDS])
    return autocorrelation(onsets).mean(axis=0)
