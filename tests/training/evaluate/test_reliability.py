"""Reliability, coverage and log loss of answers whose figures can be worked out by hand."""

import math

import numpy as np
import pytest

from tests.support.tables import answered, hand_made
from training.evaluate.predictions import Predictions
from training.evaluate.reliability import CoveragePoint, coverage, genre_reliability, log_loss, reliability


def example() -> Predictions:
    """House with 0.95 (right), 0.85 (right) and 0.82 (wrong), techno with 0.35 (wrong)."""
    table = hand_made(["house", "house", "trance", "trap"], list("abcd"))
    return Predictions.of(answered(["house", "house", "house", "techno"], [0.95, 0.85, 0.82, 0.35]), table)


def test_bins_of_confidence() -> None:
    answers = example()
    low, high, highest = reliability(answers.probabilities, answers.labels)
    assert (low.count, low.accuracy, low.confidence) == (1, 0.0, pytest.approx(0.35))
    assert (high.count, high.accuracy, high.confidence) == (2, 0.5, pytest.approx(0.835))
    assert (highest.count, highest.accuracy) == (1, 1.0)


def test_a_confidence_of_one_belongs_to_the_highest_bin() -> None:
    (highest,) = reliability(answered(["house", "house"], [1.0, 0.92]), np.array([7, 7]))
    assert highest.count == 2


def test_reliability_of_each_answered_genre() -> None:
    house, techno = genre_reliability(example())
    assert (house.slug, house.answers, house.accuracy) == ("house", 3, pytest.approx(2 / 3))
    assert house.confidence == pytest.approx((0.95 + 0.85 + 0.82) / 3)
    assert (techno.slug, techno.answers, techno.accuracy) == ("techno", 1, 0.0)


def test_saying_not_sure_more_often_leaves_the_right_answers() -> None:
    points = coverage(example(), (0.0, 0.5, 0.84, 0.99))
    assert points == (
        CoveragePoint(0.0, 1.0, 0.5),
        CoveragePoint(0.5, 0.75, pytest.approx(2 / 3)),
        CoveragePoint(0.84, 0.5, 1.0),
    )  # no answer reaches 0.99


def test_guessing_all_alike_loses_ln_16() -> None:
    assert log_loss(np.full((3, 16), 1 / 16, np.float32), np.array([0, 1, 2])) == pytest.approx(math.log(16))


def test_a_probability_of_zero_is_a_finite_loss() -> None:
    assert math.isfinite(log_loss(answered(["house"], [1.0]), np.array([0])))
