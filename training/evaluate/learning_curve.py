"""The learning curve: recall against the number of training tracks and origins, and what it says about more data.

An extrapolation is only made where the points lie on a line over the logarithm of the number of tracks, and never
further than to four times as many tracks as there are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.arrays import FloatArray
from classifier.genres import SLUGS
from training.data.splits import counts_for_figures, fold_groups, origin_folds
from training.data.tables import FeatureTable, IntArray
from training.evaluate.bootstrap import Interval, interval, resample
from training.evaluate.crossval import FOLDS
from training.evaluate.predictions import Predictions
from training.models.learner import Learner
from training.progress import Progress

FRACTIONS = (0.2, 0.4, 0.6, 0.8, 1.0)
_FARTHEST = 4.0
_WORST_FIT = 0.9
_FEWEST_POINTS = 4
_LAST_POINTS = 3


@dataclass(frozen=True, slots=True)
class GenrePoint:
    """A genre's recall over its windows after learning from `tracks` of its tracks (mean over the folds)."""

    slug: str
    tracks: float
    recall: float


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """Macro recall after learning from a fraction of each genre's tracks; `tracks` is the mean over the folds."""

    fraction: float
    tracks: float
    window_recall: float
    window_interval: Interval
    track_recall: float
    track_interval: Interval
    genres: tuple[GenrePoint, ...]


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The points in the order of their size, and who learned."""

    learner: str
    points: tuple[LearningPoint, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """Growth of the macro recall over windows for each doubling of the tracks: over all points, and over the last.

    `fit` is the share of variance that the line through all points explains.
    """

    per_doubling: float
    late_per_doubling: float
    fit: float


def learning_curve(
    learner: Learner,
    table: FeatureTable,
    *,
    fractions: Sequence[float] = FRACTIONS,
    folds: int = FOLDS,
    seed: int,
    progress: Progress,
) -> LearningCurve:
    """Learn from a growing share of each genre's origins and test on the same held-out folds of origins.

    A smaller share is always part of a larger one, so that a step shows what the added origins did. Where all of a
    source has one origin, its tracks are taken one by one.
    """
    fold_of = origin_folds(table, folds=folds, seed=seed)
    groups, index = np.unique(fold_groups(table), return_inverse=True)
    priority = np.random.default_rng(seed).permutation(len(groups)).astype(np.float32)[index]
    points = []
    for fraction in fractions:
        points.append(_point(learner, table, fold_of, priority, fraction=fraction, seed=seed))
        progress(f"{learner.name}: learning curve, {fraction:.0%} of the origins")
    return LearningCurve(learner.name, tuple(points))


def trend(curve: LearningCurve) -> Trend | None:
    """The line through the points, or None where they do not rise along a line: then no one can say what more does."""
    doublings = np.log2([point.tracks for point in curve.points])
    recalls = np.array([point.window_recall for point in curve.points])
    if len(np.unique(doublings)) < _FEWEST_POINTS:
        return None
    slope, start = np.polyfit(doublings, recalls, 1)
    left, all_ = ((recalls - start - slope * doublings) ** 2).sum(), ((recalls - recalls.mean()) ** 2).sum()
    fit = 1.0 - left / all_ if all_ > 0 else 0.0
    late, _ = np.polyfit(doublings[-_LAST_POINTS:], recalls[-_LAST_POINTS:], 1)
    return Trend(float(slope), float(late), float(fit)) if slope > 0 and fit >= _WORST_FIT else None


def outlook(curve: LearningCurve, *, goal: float | None = None) -> str:
    """What more tracks would do for the macro recall, and what a `goal` would take, in a few sentences.

    Most curves flatten, so what may come lies between the pace of the last points and that of the whole curve.
    """
    line, last = trend(curve), curve.points[-1]
    if line is None:
        return (
            "The points do not rise along a line over the logarithm of the number of tracks, so the curve does not "
            "say what more tracks would do."
        )
    low, high = sorted((max(0.0, line.late_per_doubling), line.per_doubling))
    words = (
        f"Each doubling of the tracks has added about {100 * line.per_doubling:.1f} points of macro recall over "
        f"windows; at the pace of the last {_LAST_POINTS} points it would add {100 * line.late_per_doubling:.1f}. "
        f"Between these, twice as many tracks ({2 * last.tracks:.0f}) give {last.window_recall + low:.2f} to "
        f"{last.window_recall + high:.2f}, four times as many {last.window_recall + 2 * low:.2f} to "
        f"{last.window_recall + 2 * high:.2f}; farther the curve cannot be drawn on."
    )
    return words if goal is None else f"{words} {_way_to(goal, last=last, pace=high)}"


def _way_to(goal: float, *, last: LearningPoint, pace: float) -> str:
    if last.window_recall >= goal:
        return f"The goal of {goal:.2f} is reached."
    factor = 2 ** ((goal - last.window_recall) / pace)
    if factor > _FARTHEST:
        return f"The goal of {goal:.2f} lies beyond that: it takes better features or labels, not only more tracks."
    return f"The goal of {goal:.2f} would take at least {factor:.1f} times as many tracks, in all genres alike."


def _first_origins(train: FeatureTable, priority: FloatArray, *, fraction: float) -> FeatureTable:
    """The rows of the origins with the lowest priority (n,), `fraction` of each genre's origins but at least one."""
    taken = np.zeros(len(train), np.bool_)
    for label in np.unique(train.labels):
        rows = train.labels == label
        waiting = np.unique(priority[rows])  # a number for each origin
        last = waiting[math.ceil(fraction * len(waiting) - 1e-9) - 1]
        taken |= rows & (priority <= last)
    return train.where(taken)


def _point(
    learner: Learner, table: FeatureTable, fold_of: IntArray, priority: FloatArray, *, fraction: float, seed: int
) -> LearningPoint:
    evaluated = counts_for_figures(table)
    probabilities = np.zeros((len(table), len(SLUGS)), np.float32)
    counts = np.zeros((int(fold_of.max()) + 1, len(SLUGS)))
    for number in range(len(counts)):
        learned = fold_of != number
        train = _first_origins(table.where(learned), priority[learned], fraction=fraction)
        counts[number] = [len(np.unique(train.tracks[train.labels == label])) for label in range(len(SLUGS))]
        tested = evaluated & (fold_of == number)
        probabilities[tested] = learner.fit(train, seed=seed).predict(table.where(tested))
    answers = Predictions.of(probabilities[evaluated], table.where(evaluated))
    (windows,), (tracks,) = (resample([level], seed=seed) for level in (answers, answers.by_track()))
    return LearningPoint(
        fraction=fraction,
        tracks=float(counts.sum(axis=1).mean()),
        window_recall=answers.macro_recall,
        window_interval=interval(windows.macro_recall),
        track_recall=answers.by_track().macro_recall,
        track_interval=interval(tracks.macro_recall),
        genres=tuple(
            GenrePoint(
                slug=SLUGS[label],
                tracks=float(counts[:, label].mean()),
                recall=float(answers.right[answers.labels == label].mean()),
            )
            for label in np.unique(answers.labels)
        ),
    )
