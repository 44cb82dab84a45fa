"""The bootstrap draws tracks, within genres, and the same ones for two models."""

import numpy as np
import pytest

from tests.support.tables import answered, hand_made
from training.evaluate.bootstrap import bootstrap, resample
from training.evaluate.metrics import measure
from training.evaluate.predictions import Predictions


def coins(tracks: int, windows: int, *, heads: float, seed: int) -> Predictions:
    """House tracks whose windows are all right or all wrong, by a coin; and as many techno tracks, all right."""
    random = np.random.default_rng(seed)
    right = np.repeat(random.random(tracks) < heads, windows)
    names = [f"h{n}" for n in np.repeat(np.arange(tracks), windows)] + [
        f"t{n}" for n in np.repeat(np.arange(tracks), windows)
    ]
    count = tracks * windows
    table = hand_made(["house"] * count + ["techno"] * count, names)
    slugs = [*np.where(right, "house", "trance").tolist(), *["techno"] * count]
    return Predictions.of(answered(slugs, [0.9] * (2 * count)), table)


def test_whole_tracks_are_drawn() -> None:
    """With all windows of a track alike, the interval is that of 40 coins, not of 400."""
    answers = coins(40, 10, heads=0.5, seed=2)
    recall = bootstrap(answers, seed=1).windows.recalls[7]
    assert recall is not None
    assert (recall.high - recall.low) / 2 == pytest.approx(1.96 * np.sqrt(0.25 / 40), rel=0.15)


def test_genres_keep_their_number_of_tracks() -> None:
    (drawn,) = resample([coins(20, 3, heads=0.5, seed=1)], repeats=50, seed=1)
    assert (drawn.confusion.sum(axis=2)[:, [7, 13]] == 60).all()
    assert drawn.confusion.sum() == 50 * 120
    techno = drawn.recall[:, 13]
    assert (techno == 1.0).all()
    np.testing.assert_allclose(drawn.macro_recall, (drawn.recall[:, 7] + 1.0) / 2)


def test_the_middle_of_the_draws_is_the_figure_itself() -> None:
    answers = coins(30, 2, heads=0.6, seed=3)
    (drawn,) = resample([answers], seed=1)
    measured = measure(answers).windows
    for draws, figure in (
        (drawn.accuracy, measured.accuracy),
        (drawn.macro_recall, measured.macro_recall),
        (drawn.macro_f1, measured.macro_f1),
        (drawn.top3_accuracy, measured.top3_accuracy),
    ):
        assert draws.mean() == pytest.approx(figure, abs=0.02)


def test_a_genre_that_does_not_occur_has_no_interval() -> None:
    intervals = bootstrap(coins(5, 1, heads=0.5, seed=1), repeats=20, seed=1)
    assert intervals.tracks.recalls[0] is None
    assert intervals.tracks.recalls[13] is not None


def test_two_models_are_drawn_alike() -> None:
    answers = coins(10, 2, heads=0.5, seed=1)
    one, same = resample([answers, answers], repeats=30, seed=1)
    np.testing.assert_array_equal(one.confusion, same.confusion)
    assert one.accuracy.std() > 0
