"""The key of a track, from the pitch classes of all that was heard of it together.

Spectral peaks between A1 and C7 are folded into 36 classes, three a semitone, so that music which is not tuned to
440 Hz falls on one of three grids. What lies on the fullest grid is correlated with the profile of each key (Krumhansl
& Schmuckler; Sha'ath 2011 has the profiles, which were made for DJs).
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy.fft

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.keys import KEYS
from classifier.results import MOST_CONFIDENCE, KeyEstimate

_N_FFT, _HOP = 8192, 4096
_LOWEST_HZ, _HIGHEST_HZ = 55.0, 2093.0
_FINENESS = 3
"""Classes of a semitone."""
_CLASSES = 12 * _FINENESS
_A4_HZ, _A = 440.0, 9
_LEAST_PEAK = 0.1
"""Of the highest peak of its frame: what is lower is noise, or a high harmonic."""
_COMPRESSION = 1 / 3
"""Power to which peaks are taken: a bass does not drown the chord above it."""
_MAJOR = (6.6, 2.0, 3.5, 2.3, 4.6, 4.0, 2.5, 5.2, 2.4, 3.7, 2.3, 3.4)
_MINOR = (6.5, 2.7, 3.5, 5.4, 2.6, 3.5, 2.5, 5.2, 4.0, 2.7, 4.3, 3.2)
"""How much of each semitone over the tonic a key has."""
_LEAST_WINDOWS = 4
"""Three seconds are one chord; a key takes several."""
_LEAST_FIT = 0.75
"""Drums alone correlate with some key up to 0.74 (98 % of loops without a note)."""
_LOGIT_PER_MARGIN = 15.6
"""Of the confidence, by how much better the best key fits than the second: a logistic regression over loops of known
key (`python -m training tempo-and-key`)."""
_LEAST_CONFIDENCE = 0.6
_TINY = 1e-12


def extract_pitch_classes(samples: FloatArray) -> FloatArray:
    """How much of each third of a semitone over C sounds in a window: (n,) samples at 22,050 Hz → (36,), of sum 1.

    All zero where there is no peak.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, _N_FFT)[::_HOP] * _hann()
    bin_hz = SAMPLE_RATE_HZ / _N_FFT
    first, last = int(_LOWEST_HZ / bin_hz), int(_HIGHEST_HZ / bin_hz) + 2
    magnitudes = np.abs(scipy.fft.rfft(frames, axis=1)[:, first - 1 : last + 1]) + _TINY
    left, middle, right = magnitudes[:, :-2], magnitudes[:, 1:-1], magnitudes[:, 2:]
    least = np.maximum(_LEAST_PEAK * middle.max(axis=1, keepdims=True), 1e-6)
    frame, peak = np.nonzero((middle > left) & (middle >= right) & (middle > least))
    below, at, above = (np.log(side[frame, peak]) for side in (left, middle, right))
    shift = 0.5 * (below - above) / (below - 2.0 * at + above)  # of the parabola through the three
    frequencies_hz = (first + peak + shift) * bin_hz
    classes = np.rint(_CLASSES * np.log2(frequencies_hz / _A4_HZ)).astype(np.intp) + _A * _FINENESS
    sums = np.bincount(classes % _CLASSES, weights=middle[frame, peak] ** _COMPRESSION, minlength=_CLASSES)
    return np.asarray(sums / max(float(sums.sum()), _TINY), np.float32)


def estimate_key(windows: Sequence[FloatArray]) -> KeyEstimate | None:
    """The key of a track by a few of its windows (n,) at 22,050 Hz; None where nothing says it clearly.

    A cadence in A minor:

    >>> time_s = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    >>> chords = ((57, 60, 64), (50, 53, 57), (52, 56, 59), (57, 60, 64))
    >>> tones = [[440 * 2 ** ((note - 69) / 12) for note in chord] for chord in chords]
    >>> estimate_key([sum(np.sin(2 * np.pi * tone * time_s) for tone in chord) for chord in tones]).key.name
    'A minor'
    """
    if len(windows) < _LEAST_WINDOWS:
        return None
    correlations = key_correlations(np.mean([extract_pitch_classes(window) for window in windows], axis=0))
    second, first = np.argsort(correlations)[-2:].tolist()
    fit, margin = float(correlations[first]), float(correlations[first] - correlations[second])
    if fit < _LEAST_FIT:
        return None
    confidence = 1.0 / (1.0 + math.exp(-_LOGIT_PER_MARGIN * margin))
    return KeyEstimate(KEYS[first], min(confidence, MOST_CONFIDENCE)) if confidence >= _LEAST_CONFIDENCE else None


def key_correlations(pitch_classes: FloatArray) -> FloatArray:
    """How well pitch classes (36,) fit each of `KEYS`: (24,), -1 to 1; all 0 where nothing has a pitch."""
    grids = [np.roll(pitch_classes, shift)[::_FINENESS] for shift in (0, 1, -1)]  # in tune, flat, sharp
    heard = max(grids, key=lambda grid: float(grid.sum()))
    deviations = heard - heard.mean()
    return np.asarray(_profiles() @ deviations / max(float(np.linalg.norm(deviations)), _TINY), np.float32)


@lru_cache(maxsize=1)
def _profiles() -> FloatArray:
    """The profiles of all keys around their means, of length 1: (24, 12)."""
    profiles = np.array([np.roll((_MAJOR, _MINOR)[key.is_minor], key.tonic) for key in KEYS])
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def _hann() -> FloatArray:
    return np.hanning(_N_FFT + 1)[:-1].astype(np.float32)
