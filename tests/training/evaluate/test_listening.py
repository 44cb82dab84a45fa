"""Listening on hears the asked window first, no window twice, and nothing of another track."""

import numpy as np
import pytest

from classifier.genres import SLUGS
from classifier.probabilities import heard_scores, log_probabilities, tempered, window_weights
from tests.support.tables import answered, hand_made
from training.evaluate.listening import heard_rows, listen_on
from training.evaluate.predictions import Predictions


def test_the_places_are_the_middles_of_equal_parts() -> None:
    """Twelve windows and four places: the middles of 0–2, 3–5, 6–8 and 9–11."""
    heard = heard_rows(np.zeros(12, np.int64), np.arange(12), places=4)
    assert heard[0].tolist() == [0, 1, 4, 7, 10]
    assert heard[11].tolist() == [11, 1, 4, 7, 10]
    assert heard[4].tolist() == [4, 1, 7, 10]  # not twice


@pytest.mark.parametrize("places", [1, 2, 4, 7])
def test_each_row_hears_itself_first_and_nothing_twice(places: int) -> None:
    """Five tracks of 1, 2, 3, 8 and 30 windows, their rows in any order, their windows with gaps."""
    random = np.random.default_rng(0)
    recording = np.repeat(np.arange(5), [1, 2, 3, 8, 30])
    windows = np.concatenate([np.sort(random.choice(99, count, replace=False)) for count in (1, 2, 3, 8, 30)])
    order = random.permutation(len(recording))
    recording, windows = recording[order], windows[order]
    heard = heard_rows(recording, windows, places=places)
    for row, rows in enumerate(heard):
        assert rows[0] == row
        assert len(set(rows.tolist())) == len(rows)
        assert set(recording[rows]) == {recording[row]}
        assert (np.diff(windows[rows[1:]]) > 0).all()
        assert len(rows) <= min(places + 1, (recording == recording[row]).sum())
    longest = max(len(rows) for row, rows in enumerate(heard) if recording[row] == 4)
    assert longest == places + 1


def test_the_more_a_window_says_the_more_it_counts() -> None:
    """One that is sure lacks all of the entropy, ln 16; one that calls all genres alike lacks none of it."""
    sure, even = np.eye(16, dtype=np.float32)[7], np.full(16, 1 / 16, np.float32)
    torn = (np.eye(16, dtype=np.float32)[7] + np.eye(16, dtype=np.float32)[13]) / 2
    np.testing.assert_allclose(
        window_weights(np.stack([sure, torn, even])), np.log([16, 8, 1]) + 0.05, rtol=1e-5, atol=1e-6
    )


def test_what_is_heard_is_the_weighted_mean_of_the_logarithms() -> None:
    probabilities = answered(["house", "techno"], [0.9, 0.5])
    weights = window_weights(probabilities)
    means = (log_probabilities(probabilities) * weights[:, np.newaxis]).sum(axis=0) / weights.sum()
    expected = np.exp(means / 1.7) / np.exp(means / 1.7).sum()
    np.testing.assert_allclose(heard_scores(probabilities, 1.7), expected, rtol=1e-5)
    plain = np.exp(log_probabilities(probabilities).mean(axis=0) / 1.7)
    assert expected[7] > (plain / plain.sum())[7]  # the surer window, of house, decides more


def test_the_bot_and_the_training_hear_the_same() -> None:
    table = hand_made(["house"] * 3 + ["trap"], list("aaab"))
    windows = Predictions.of(answered(["house", "techno", "house", "trap"], [0.9, 0.5, 0.3, 0.4]), table)
    heard = listen_on(windows, places=3)
    assert heard.counts.tolist() == [3, 3, 3, 1]
    found = heard.probabilities((1.0, 1.0, 1.7, 9.0))
    for row in range(3):  # a track of three windows says the same, whichever is asked for
        np.testing.assert_allclose(found[row], heard_scores(windows.probabilities[:3], 1.7), rtol=1e-5)
    np.testing.assert_allclose(found[3], windows.probabilities[3], rtol=1e-5)  # alone, it is what it was


def test_each_number_of_windows_has_its_temperature() -> None:
    table = hand_made(["house", "trap", "trap"], list("abb"))
    windows = Predictions.of(answered(["house", "trap", "trap"], [0.9, 0.6, 0.6]), table)
    found = listen_on(windows, places=2).probabilities((2.0, 0.5, 1.0))
    np.testing.assert_allclose(found[:1], tempered(windows.probabilities[:1], 2.0), rtol=1e-5)
    np.testing.assert_allclose(found[1:], tempered(windows.probabilities[1:], 0.5), rtol=1e-5)


def test_windows_of_one_track_name_with_two_genres_are_not_heard_together() -> None:
    table = hand_made(["house", "trap"], list("aa"))
    windows = Predictions.of(answered(["house", "trap"], [0.9, 0.6]), table)
    heard = listen_on(windows, places=4)
    assert heard.counts.tolist() == [1, 1]
    assert [SLUGS[label] for label in heard.log_probabilities.argmax(axis=1)] == ["house", "trap"]
