"""Answers go with their rows, whatever is chosen, joined or replaced."""

import numpy as np

from classifier.arrays import FloatArray
from classifier.genres import SLUGS
from tests.support.tables import answered, hand_made
from training.evaluate.predictions import Predictions, by_fold


def example() -> Predictions:
    """Two windows of house, one of techno."""
    table = hand_made(["house", "house", "techno"], list("aab"), sources=["songs", "songs", "guide"], windows=[4, 9, 2])
    return Predictions.of(answered(["house", "trance", "techno"], [0.9, 0.8, 0.7]), table, track_temperature=1.5)


def test_chosen_rows_keep_their_windows() -> None:
    chosen = example().where(np.array([2, 0]))
    assert chosen.windows.tolist() == [2, 4]
    assert chosen.sources.tolist() == ["guide", "songs"]
    assert chosen.right.tolist() == [True, True]
    assert chosen.track_temperature == 1.5


def test_other_probabilities_are_of_the_same_rows() -> None:
    other = example().with_probabilities(answered(["techno"] * 3, [0.6] * 3))
    assert [SLUGS[label] for label in other.predicted] == ["techno"] * 3
    assert other.windows.tolist() == [4, 9, 2]
    assert other.right.tolist() == [False, False, True]


def test_joined_parts_are_one_after_the_other() -> None:
    whole = example()
    parts = [whole.where(np.array([1])), whole.where(np.array([0, 2]))]
    joined = Predictions.joined(parts)
    assert joined.windows.tolist() == [9, 4, 2]
    assert joined.tracks.tolist() == ["a", "a", "b"]
    np.testing.assert_array_equal(joined.probabilities, whole.probabilities[[1, 0, 2]])
    assert joined.track_temperature == 1.5
    assert len(joined.by_track()) == 2


def test_each_row_has_the_answer_of_its_fold() -> None:
    answers: list[FloatArray] = [np.full((4, 2), number, np.float32) for number in range(3)]
    found = by_fold(answers, np.array([2, 0, 1, 2]))
    assert found[:, 0].tolist() == [2.0, 0.0, 1.0, 2.0]
    scores = by_fold([np.array([0.0, 1.0]), np.array([2.0, 3.0])], np.array([1, 0]))
    assert scores.tolist() == [2.0, 1.0]
