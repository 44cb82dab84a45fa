"""The tempo of a track, from the onsets of all that was heard of it together.

Three seconds hold only a few beats, but their autocorrelations add up over a track. Each tempo is scored by the
correlation at one, two, three and four of its beats (a comb, as in Percival & Tzanetakis 2014), weighed by how usual
it is. A track at 87 beats a minute beats at 174, too: which of the two people count is a matter of its genre.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from classifier.arrays import FloatArray
from classifier.mel import MEL, MelArray, decoded
from classifier.results import MOST_CONFIDENCE, Tempo
from classifier.rhythm import autocorrelation, onset_strength

SLOWEST_BPM, FASTEST_BPM = 65.0, 195.0
_STEP_BPM = 0.25
_BEATS = (1, 2, 3, 4)
_USUAL_BPM, _OCTAVES = 125.0, 0.9
"""Centre and width of the log-normal weight: dance music lies around 125 beats a minute."""
_BPM_BY_GENRE: dict[str, tuple[float, float]] = {
    "big_room_house": (124.0, 132.0),
    "dnb": (165.0, 180.0),
    "dubstep": (136.0, 150.0),
    "future_garage_wave_trap": (125.0, 150.0),
    "hardcore": (155.0, 195.0),
    "hardstyle": (145.0, 160.0),
    "house": (115.0, 130.0),
    "lofi": (65.0, 95.0),
    "moombahton_reggaeton": (85.0, 112.0),
    "psytrance": (134.0, 150.0),
    "synthwave": (80.0, 118.0),
    "techno": (120.0, 150.0),
    "trance": (128.0, 142.0),
    "trap": (130.0, 160.0),
}
"""Where the genres usually lie, as producers' guides and encyclopaedias have it. Ambient and Phonk lie anywhere."""
_GENRE_OCTAVES = 0.2
"""Width of a genre's log-normal weight beyond its range."""
_ANY_GENRE = 0.15
"""What the general weight counts beside the genres' own: there is no tempo that a genre never has."""
_LEAST_CORRELATION = 0.1
"""Below this mean correlation there is no beat to speak of."""
_RELATIVES = (2.0, 0.5, 1.5, 2 / 3, 4 / 3, 0.75)
"""Tempos that the same music may be counted at, as ratios."""
_SHARPNESS = 4.0
"""How much a better score counts against those of its relatives."""
_HALF_AS_OFTEN = 0.25
"""Of loops whose genre is not known and that are counted fast, so many were made at half that tempo
(`python -m training tempo-and-key`)."""
_FINENESS = 8
"""Steps of the lag within a frame: at 180 beats a minute whole frames would be wrong by 1 %."""
_BANDS = ((0, MEL.n_mels), (0, 12))
"""Onsets of the whole spectrum and of the kick."""


def estimate_tempo(mels: Sequence[MelArray], genres: Mapping[str, float] | None = None) -> Tempo | None:
    """The tempo (65 to 195 beats a minute) of a track whose windows look like `mels` (187, 96 each).

    `genres` has the probability of each genre's slug, where that is known. None where nothing beats.

    >>> from classifier.mel import extract_mel
    >>> in_beat_s = np.arange(66_150) / 22_050 % 0.5
    >>> kick = np.sin(2 * np.pi * 55.0 * in_beat_s) * np.exp(-9.0 * in_beat_s)
    >>> round(estimate_tempo([extract_mel(kick.astype(np.float32))]).bpm)
    120
    """
    if not mels:
        return None
    correlation = np.mean([_correlation(decoded(mel)) for mel in mels], axis=0)
    tempos = np.arange(SLOWEST_BPM, FASTEST_BPM + _STEP_BPM, _STEP_BPM, dtype=np.float32)
    period = 60.0 * MEL.frames_per_s / tempos
    lags = period[:, np.newaxis] * np.array(_BEATS)
    fine = _interpolated(correlation)
    teeth = np.interp(lags, np.arange(len(fine)) / _FINENESS, fine, right=np.nan)
    combs = np.nanmean(teeth, axis=1)
    scores = np.maximum(combs, 0.0) * _usual(tempos, genres or {})
    best = int(scores.argmax())
    if combs[best] < _LEAST_CORRELATION:
        return None
    relatives = np.interp(tempos[best] * np.array(_RELATIVES), tempos, scores, left=0.0, right=0.0)
    confidence = 1.0 / (1.0 + float(((relatives / scores[best]) ** _SHARPNESS).sum()))
    if tempos[best] / 2 >= SLOWEST_BPM:
        known = sum(probability for slug, probability in (genres or {}).items() if slug in _BPM_BY_GENRE)
        confidence *= 1.0 - _HALF_AS_OFTEN * (1.0 - known)
    return Tempo(round(float(tempos[best]), 1), min(confidence, MOST_CONFIDENCE))


def _usual(tempos: FloatArray, genres: Mapping[str, float]) -> FloatArray:
    """How usual tempos are, 0 to 1, among music that is of these genres with these probabilities."""
    general = np.exp(-0.5 * (np.log2(tempos / _USUAL_BPM) / _OCTAVES) ** 2)
    usual = _ANY_GENRE * general
    left = 1.0 - _ANY_GENRE
    for slug, probability in genres.items():
        if slug in _BPM_BY_GENRE:
            slowest, fastest = _BPM_BY_GENRE[slug]
            beyond = np.log2(np.maximum(tempos / fastest, 1.0)) + np.log2(np.maximum(slowest / tempos, 1.0))
            usual = usual + (1.0 - _ANY_GENRE) * probability * np.exp(-0.5 * (beyond / _GENRE_OCTAVES) ** 2)
            left -= (1.0 - _ANY_GENRE) * probability
    return usual + left * general


def _interpolated(correlation: FloatArray) -> FloatArray:
    """The correlation between the frames, too, (n,) → (8 n - 7,): it is even in the lag, so a Fourier series fits."""
    mirrored = np.concatenate([correlation, correlation[-2:0:-1]])
    fine = np.fft.irfft(np.fft.rfft(mirrored), len(mirrored) * _FINENESS) * _FINENESS
    return np.asarray(fine[: (len(correlation) - 1) * _FINENESS + 1], np.float32)


def _correlation(logarithms: FloatArray) -> FloatArray:
    onsets = np.stack([onset_strength(logarithms, bands) for bands in _BANDS])
    return autocorrelation(onsets).mean(axis=0)
