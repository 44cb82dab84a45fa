"""Two models on the same rows: differences and pairs by hand, intervals that know the rows are the same."""

import numpy as np
import pytest

from tests.support.tables import answered, hand_made
from training.evaluate.compare import Pairs, compare
from training.evaluate.predictions import Predictions
from training.report.comparison import comparison_document
from training.report.render import to_markdown

TABLE = hand_made(["house"] * 4 + ["techno"] * 2, list("aabbcd"))
FIRST = ["house", "house", "trance", "trance", "techno", "trance"]
SECOND = ["house", "trance", "house", "house", "techno", "techno"]


def answers(slugs: list[str]) -> Predictions:
    return Predictions.of(answered(slugs, [0.9] * len(slugs)), TABLE)


def test_differences_and_pairs_by_hand() -> None:
    windows = compare(answers(FIRST), answers(SECOND), names=("a", "b"), seed=1).windows
    accuracy, recall, _ = windows.figures
    assert (accuracy.first, accuracy.second) == (pytest.approx(3 / 6), pytest.approx(5 / 6))
    assert (recall.first, recall.second) == (0.5, pytest.approx((3 / 4 + 1) / 2))
    assert windows.pairs == Pairs(both_right=2, only_first=1, only_second=3, neither=0)
    house, techno = windows.genres
    assert (house.name, house.count, house.first, house.second) == ("House", 4, 0.5, 0.75)
    assert techno.difference == 0.5


def test_tracks_are_compared_by_their_votes() -> None:
    tracks = compare(answers(FIRST), answers(SECOND), names=("a", "b"), seed=1).tracks
    assert sum((tracks.pairs.both_right, tracks.pairs.only_first, tracks.pairs.only_second, tracks.pairs.neither)) == 4
    assert tracks.genres[1].count == 2


def test_a_model_against_itself_differs_nowhere() -> None:
    result = compare(answers(FIRST), answers(FIRST), names=("a", "b"), seed=1)
    for row in (*result.windows.figures, *result.windows.genres, *result.tracks.figures):
        assert (row.difference, row.interval.low, row.interval.high, row.is_clear) == (0.0, 0.0, 0.0, False)


def test_draws_are_paired() -> None:
    """B is right wherever A is, and on a fifth more tracks: unpaired draws could not tell them apart this clearly."""
    random = np.random.default_rng(5)
    table = hand_made(["house"] * 100, [f"t{n}" for n in range(100)])
    first = random.random(100) < 0.5
    second = first | (random.random(100) < 0.2)
    models = [
        Predictions.of(answered(np.where(right, "house", "trance").tolist(), [0.9] * 100), table)
        for right in (first, second)
    ]
    accuracy = compare(models[0], models[1], names=("a", "b"), seed=1).windows.figures[0]
    share = (second & ~first).mean()
    assert accuracy.difference == pytest.approx(share)
    assert accuracy.interval.high - accuracy.interval.low == pytest.approx(
        2 * 1.96 * np.sqrt(share * (1 - share) / 100), rel=0.2
    )
    assert accuracy.is_clear


def test_the_words() -> None:
    result = compare(answers(FIRST), answers(SECOND), names=("old-1", "new-2"), seed=1)
    words = to_markdown(comparison_document(result, warnings=["mind the gap"]))
    assert "# old-1 (A) against new-2 (B)" in words
    assert "the same 6 windows of 4 tracks" in words
    assert "> **Note:** mind the gap" in words
    assert "| House | 4 | 0.500 | 0.750 | +0.250 |" in words
    assert "| A right | 2 | 1 |" in words
