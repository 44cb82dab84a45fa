"""Logarithms, temperature and vote on numbers that are worked out by hand."""

import numpy as np
import pytest

from classifier.probabilities import (
    SMALLEST_PROBABILITY,
    heard_scores,
    log_probabilities,
    softmax,
    tempered,
    track_scores,
    window_weights,
)


def test_temperature_softens_and_keeps_the_order() -> None:
    sharp = np.array([[0.7, 0.2, 0.1]], np.float32)
    soft = tempered(sharp, 2.0)
    root = np.sqrt(sharp)
    np.testing.assert_allclose(soft, root / root.sum(), rtol=1e-5)
    np.testing.assert_allclose(tempered(sharp, 1.0), sharp, rtol=1e-5)
    assert tempered(np.array([[1.0, 0.0]], np.float32), 3.0).sum() == pytest.approx(1.0)


def test_softmax_by_hand() -> None:
    found = softmax(np.log([[1.0, 3.0], [5.0, 5.0]]) + 1000.0)  # far from zero: no overflow
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-5)


def test_a_tracks_scores_are_the_geometric_mean_of_its_windows() -> None:
    windows = np.array([[0.8, 0.2], [0.2, 0.8], [0.8, 0.2]], np.float32)
    mean = np.array([0.8 ** (2 / 3) * 0.2 ** (1 / 3), 0.2 ** (2 / 3) * 0.8 ** (1 / 3)])
    np.testing.assert_allclose(track_scores(windows, 1.0), mean / mean.sum(), rtol=1e-5)
    root = np.sqrt(mean)
    np.testing.assert_allclose(track_scores(windows, 2.0), root / root.sum(), rtol=1e-5)


def test_a_window_that_is_quite_sure_does_not_decide_alone() -> None:
    windows = np.array([[1.0, 0.0], *[[0.01, 0.99]] * 9], np.float32)
    assert track_scores(windows, 1.0).argmax() == 1


def test_a_probability_of_zero_has_a_logarithm() -> None:
    found = log_probabilities(np.array([1.0, 0.5, 1e-30, 0.0], np.float32))
    floor = np.log(SMALLEST_PROBABILITY)
    np.testing.assert_allclose(found, [0.0, np.log(0.5), floor, floor], atol=1e-12)


def test_temperature_and_vote_have_the_same_floor() -> None:
    """One window's vote is its tempered answer, however small its probabilities are."""
    window = np.array([[1.0, 1e-10, 1e-20, 0.0]], np.float32)
    for temperature in (1.0, 4.0):
        np.testing.assert_array_equal(track_scores(window, temperature), tempered(window, temperature)[0])
    four = tempered(window, 4.0)[0]
    assert four[3] / four[0] == pytest.approx(SMALLEST_PROBABILITY**0.25)
    assert four[2] == four[3] < four[1]


def test_a_window_counts_by_the_entropy_that_it_lacks() -> None:
    """A fair coin lacks nothing of ln 2, a certain answer all of it; 0.05 are for everybody."""
    windows = np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]], np.float32)
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    expected = np.array([0.0, np.log(2.0), np.log(2.0) - entropy]) + 0.05
    np.testing.assert_allclose(window_weights(windows), expected, atol=1e-6)
    sixteen = np.vstack([np.full(16, 1 / 16), np.eye(16)[3]]).astype(np.float32)
    np.testing.assert_allclose(window_weights(sixteen), [0.05, np.log(16.0) + 0.05], atol=1e-6)


def test_what_is_heard_is_weighed_by_what_it_says() -> None:
    windows = np.array([[0.5, 0.5], [0.2, 0.8]], np.float32)
    said = np.log(2.0) + 0.2 * np.log(0.2) + 0.8 * np.log(0.8) + 0.05
    share = said / (said + 0.05)  # of the second window, which is what leads away from a half
    odds = 4.0**share
    np.testing.assert_allclose(heard_scores(windows, 1.0), [1 / (1 + odds), odds / (1 + odds)], rtol=1e-4)
    root = np.sqrt(odds)
    np.testing.assert_allclose(heard_scores(windows, 2.0), [1 / (1 + root), root / (1 + root)], rtol=1e-4)
    assert heard_scores(windows, 1.0)[1] > track_scores(windows, 1.0)[1]


def test_windows_that_say_as_much_are_heard_as_a_tracks_are() -> None:
    windows = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.2, 0.7, 0.1]], np.float32)
    np.testing.assert_allclose(heard_scores(windows, 1.5), track_scores(windows, 1.5), rtol=1e-5)
    np.testing.assert_allclose(heard_scores(windows[:1], 1.0), windows[0], rtol=1e-5)
