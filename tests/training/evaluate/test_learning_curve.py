"""The learning curve takes growing shares of each genre's tracks, and speaks of more data only where a line fits."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from classifier.genres import SLUGS
from tests.support.tables import hand_made
from training.data.tables import FeatureTable
from training.evaluate.bootstrap import Interval
from training.evaluate.learning_curve import LearningCurve, LearningPoint, learning_curve, outlook, trend
from training.models.baselines import Majority
from training.models.learner import Predictor


def silent(_: str) -> None:
    """Takes progress."""


def data() -> FeatureTable:
    """20 house tracks of two windows, 5 trap tracks of one."""
    labels = ["house"] * 40 + ["trap"] * 5
    names = [f"house{n // 2}" for n in range(40)] + [f"trap{n}" for n in range(5)]
    return hand_made(labels, names)


@dataclass
class Listener:
    """Predictions like the majority and remembers what it was given."""

    name: str = "Listener"
    lessons: list[FeatureTable] = field(default_factory=list)

    def fit(self, train: FeatureTable, *, seed: int) -> Predictor:
        self.lessons.append(train)
        return Majority().fit(train, seed=seed)


def test_each_genre_grows_by_tracks_and_keeps_what_it_had() -> None:
    listener = Listener()
    curve = learning_curve(listener, data(), fractions=(0.25, 0.5, 1.0), seed=1, progress=silent)
    quarter, half, whole = (listener.lessons[start : start + 5] for start in (0, 5, 10))
    for small, larger, all_ in zip(quarter, half, whole, strict=True):
        assert set(small.tracks) < set(larger.tracks) < set(all_.tracks)
        assert len({track for track in small.tracks if track.startswith("house")}) == 4
        assert len({track for track in small.tracks if track.startswith("trap")}) == 1
        assert len(larger.tracks[larger.labels == SLUGS.index("house")]) == 16  # with both windows of 8 tracks
    assert [point.tracks for point in curve.points] == [5, 10, 20]
    last = curve.points[-1]
    assert [(genre.slug, genre.tracks, genre.recall) for genre in last.genres] == [("house", 16, 1.0), ("trap", 4, 0.0)]
    assert last.window_recall == last.track_recall == 0.5
    assert last.window_interval == Interval(0.5, 0.5)


def curve_of(recalls: list[float]) -> LearningCurve:
    nowhere = Interval(0.0, 1.0)
    points = [
        LearningPoint(fraction, 1000 * fraction, recall, nowhere, recall, nowhere, ())
        for fraction, recall in zip((0.2, 0.4, 0.6, 0.8, 1.0), recalls, strict=True)
    ]
    return LearningCurve("Some", tuple(points))


def rising(per_doubling: float) -> LearningCurve:
    return curve_of([0.4 + per_doubling * float(np.log2(fraction)) for fraction in (0.2, 0.4, 0.6, 0.8, 1.0)])


def test_a_line_is_found_and_drawn_on() -> None:
    line = trend(rising(0.05))
    assert line is not None
    assert line.per_doubling == pytest.approx(0.05)
    assert line.fit == pytest.approx(1.0)
    words = outlook(rising(0.05), goal=0.45)
    assert "about 5.0 points" in words
    assert "twice as many tracks (2000) give 0.45 to 0.45" in words
    assert "at least 2.0 times as many tracks" in words


def test_a_goal_too_far_off_gets_no_number() -> None:
    words = outlook(rising(0.05), goal=0.9)
    assert "0.90 lies beyond that" in words
    assert "would take" not in words


def test_a_goal_that_is_reached_and_none_at_all() -> None:
    assert "0.39 is reached" in outlook(rising(0.05), goal=0.39)
    assert "goal" not in outlook(rising(0.05))


def test_a_curve_that_flattens_promises_less() -> None:
    flat = curve_of([0.22, 0.27, 0.29, 0.295, 0.295])
    line = trend(flat)
    assert line is not None
    assert 0 < line.late_per_doubling < line.per_doubling / 3
    assert f"give {0.295 + line.late_per_doubling:.2f} to {0.295 + line.per_doubling:.2f}" in outlook(flat)


@pytest.mark.parametrize("recalls", [[0.2, 0.4, 0.25, 0.45, 0.3], [0.4] * 5, [0.5, 0.4, 0.3, 0.2, 0.1]])
def test_without_a_rising_line_nothing_is_promised(recalls: list[float]) -> None:
    assert trend(curve_of(recalls)) is None
    assert "does not say" in outlook(curve_of(recalls), goal=0.6)
