"""How far chance moves the figures: the bootstrap over tracks.

Windows of one track are alike, so whole tracks are drawn, with replacement and within each genre: the interval says
what another handful of tracks of the same genres would have given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifier.genres import SLUGS
from training.evaluate.predictions import Predictions

REPEATS = 1000
FEW_TRACKS = 5
"""With fewer tracks an interval cannot show how far chance reaches, and none is given."""
_BOUNDS_PERCENT = (2.5, 97.5)

Draws = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """From the 2.5th to the 97.5th percentile over the draws."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LevelIntervals:
    """Intervals of the figures at one level; `recalls` has None where a genre does not occur."""

    accuracy: Interval
    macro_recall: Interval
    macro_f1: Interval
    top3_accuracy: Interval
    recalls: tuple[Interval | None, ...]


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals at both levels."""

    windows: LevelIntervals
    tracks: LevelIntervals


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Figures of each draw: `confusion` (draws, 16, 16) and `top3` (draws, 16), both in numbers of answers."""

    confusion: Draws
    top3: Draws

    @property
    def accuracy(self) -> Draws:
        return np.trace(self.confusion, axis1=1, axis2=2) / self.confusion.sum(axis=(1, 2))

    @property
    def top3_accuracy(self) -> Draws:
        return self.top3.sum(axis=1) / self.confusion.sum(axis=(1, 2))

    @property
    def recall(self) -> Draws:
        """(draws, 16); NaN where a genre does not occur."""
        return _ratio(self._hits, self.confusion.sum(axis=2))

    @property
    def macro_recall(self) -> Draws:
        return np.asarray(np.nanmean(self.recall, axis=1))

    @property
    def macro_f1(self) -> Draws:
        """Mean over the genres that occur of 2·hits / (true + answered)."""
        true = self.confusion.sum(axis=2)
        f1 = _ratio(2 * self._hits, true + self.confusion.sum(axis=1))
        return np.asarray(np.nanmean(np.where(true > 0, f1, np.nan), axis=1))

    @property
    def _hits(self) -> Draws:
        return np.diagonal(self.confusion, axis1=1, axis2=2)


def resample(models: Sequence[Predictions], *, repeats: int = REPEATS, seed: int) -> tuple[Resampled, ...]:
    """Draw tracks anew and count each model's answers; all models get the same draws.

    `models` are answers to the same rows in the same order.
    """
    first, index = models[0].recordings()
    genres = models[0].labels[first]
    counted = [_counts_of_tracks(answers, index, len(first)) for answers in models]
    sums = [np.zeros((repeats, len(SLUGS), len(SLUGS) + 1)) for _ in models]
    random = np.random.default_rng(seed)
    for genre in np.unique(genres):
        tracks = np.flatnonzero(genres == genre)
        draws = random.multinomial(len(tracks), np.full(len(tracks), 1 / len(tracks)), repeats).astype(np.float64)
        for total, counts in zip(sums, counted, strict=True):
            total[:, genre] = draws @ counts[tracks]
    return tuple(Resampled(confusion=total[:, :, :-1], top3=total[:, :, -1]) for total in sums)


def bootstrap(answers: Predictions, *, repeats: int = REPEATS, seed: int) -> Intervals:
    """Intervals of the figures of window answers, and of the votes they make."""
    (windows,) = resample([answers], repeats=repeats, seed=seed)
    (tracks,) = resample([answers.by_track()], repeats=repeats, seed=seed)
    return Intervals(windows=_level(windows), tracks=_level(tracks))


def interval(draws: Draws) -> Interval:
    """The interval that holds the middle 95 % of the draws (n,)."""
    low, high = np.percentile(draws, _BOUNDS_PERCENT)
    return Interval(float(low), float(high))


def _level(drawn: Resampled) -> LevelIntervals:
    recall = drawn.recall
    return LevelIntervals(
        accuracy=interval(drawn.accuracy),
        macro_recall=interval(drawn.macro_recall),
        macro_f1=interval(drawn.macro_f1),
        top3_accuracy=interval(drawn.top3_accuracy),
        recalls=tuple(None if np.isnan(column).any() else interval(column) for column in recall.T),
    )


def _counts_of_tracks(answers: Predictions, index: npt.NDArray[np.int64], tracks: int) -> Draws:
    """For each track how often each genre was answered, and last how often the true one was among three (t, 17)."""
    counts = np.zeros((tracks, len(SLUGS) + 1))
    np.add.at(counts, (index, answers.predicted), 1.0)
    np.add.at(counts[:, -1], index, answers.among_three)
    return counts


def _ratio(part: Draws, whole: Draws) -> Draws:
    """`part / whole`, NaN where there is nothing."""
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
