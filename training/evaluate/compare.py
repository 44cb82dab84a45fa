"""Two models on the same windows: where one is better, and whether chance could have done it."""

from dataclasses import dataclass

import numpy as np

from classifier.genres import GENRE_BY_SLUG, SLUGS
from training.evaluate.bootstrap import REPEATS, Draws, Interval, Resampled, interval, resample
from training.evaluate.predictions import Predictions


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both models and second minus first, with its interval over paired draws of `count` rows."""

    name: str
    count: int
    first: float
    second: float
    interval: Interval

    @property
    def difference(self) -> float:
        return self.second - self.first

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval.low > 0 or self.interval.high < 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """How often both were right, only one of them, or neither."""

    both_right: int
    only_first: int
    only_second: int
    neither: int


@dataclass(frozen=True, slots=True)
class LevelComparison:
    """The comparison over windows or over tracks."""

    figures: tuple[Difference, ...]
    genres: tuple[Difference, ...]
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models by name, compared at both levels."""

    first: str
    second: str
    windows: LevelComparison
    tracks: LevelComparison


def compare(
    first: Predictions, second: Predictions, *, names: tuple[str, str], repeats: int = REPEATS, seed: int
) -> Comparison:
    """Compare answers to the same rows in the same order."""
    return Comparison(
        first=names[0],
        second=names[1],
        windows=_level(first, second, repeats=repeats, seed=seed),
        tracks=_level(first.by_track(), second.by_track(), repeats=repeats, seed=seed),
    )


def _level(first: Predictions, second: Predictions, *, repeats: int, seed: int) -> LevelComparison:
    one, other = resample([first, second], repeats=repeats, seed=seed)
    return LevelComparison(
        figures=(
            _overall("accuracy", (first.right, second.right), one.accuracy, other.accuracy),
            Difference(
                name="macro recall",
                count=len(first),
                first=first.macro_recall,
                second=second.macro_recall,
                interval=interval(other.macro_recall - one.macro_recall),
            ),
            _overall("top 3", (first.among_three, second.among_three), one.top3_accuracy, other.top3_accuracy),
        ),
        genres=tuple(_genre(int(label), first, second, one, other) for label in np.unique(first.labels)),
        pairs=Pairs(
            both_right=int((first.right & second.right).sum()),
            only_first=int((first.right & ~second.right).sum()),
            only_second=int((~first.right & second.right).sum()),
            neither=int((~first.right & ~second.right).sum()),
        ),
    )


def _overall(name: str, hits: tuple[np.ndarray, np.ndarray], one: Draws, other: Draws) -> Difference:
    first, second = hits
    return Difference(name, len(first), float(first.mean()), float(second.mean()), interval(other - one))


def _genre(label: int, first: Predictions, second: Predictions, one: Resampled, other: Resampled) -> Difference:
    rows = first.labels == label
    return Difference(
        name=GENRE_BY_SLUG[SLUGS[label]].name,
        count=int(rows.sum()),
        first=float(first.right[rows].mean()),
        second=float(second.right[rows].mean()),
        interval=interval(other.recall[:, label] - one.recall[:, label]),
    )
