"""Figures of a small example worked out by hand."""

import math

import numpy as np
import pytest

from tests.support.tables import answered, hand_made
from training.data.tables import FeatureTable
from training.evaluate.metrics import genre_table, measure, measure_answers, summary
from training.evaluate.predictions import Predictions


def example() -> tuple[np.ndarray, FeatureTable]:
    """Two house tracks (3 and 1 windows) and one techno track (2): 4 of 6 windows right, 2 of 3 tracks."""
    table = hand_made(["house"] * 4 + ["techno"] * 2, list("aaabcc"))
    answers = ["house", "house", "techno", "techno", "techno", "techno"]
    return answered(answers, [0.9, 0.9, 0.5, 0.5, 0.9, 0.9]), table


def test_windows_by_hand() -> None:
    windows = measure(*example(), certain_from=0.8).windows
    house, techno = windows.genres[7], windows.genres[13]
    assert windows.count == 6
    assert windows.accuracy == pytest.approx(4 / 6)
    assert (house.precision, house.recall, house.count) == (1.0, 0.5, 4)
    assert (techno.precision, techno.recall, techno.count) == (0.5, 1.0, 2)
    assert windows.macro_recall == pytest.approx(0.75)  # over the two genres that occur
    assert windows.macro_precision == pytest.approx(0.75)
    assert windows.macro_f1 == pytest.approx(2 / 3, abs=1e-4)
    assert windows.certain_share == pytest.approx(4 / 6)
    assert windows.certain_accuracy == 1.0
    assert windows.confusion[7][13] == 2
    # Four answers of 0.9, all right, and two of 0.5, both wrong.
    assert windows.calibration_error == pytest.approx((4 * 0.1 + 2 * 0.5) / 6)
    assert windows.log_loss == pytest.approx(-(4 * math.log(0.9) + 2 * math.log(0.5 / 15)) / 6, rel=1e-5)


def test_answers_of_an_unreliable_genre_are_not_counted_as_certain() -> None:
    """Of four confident answers two name house; the track of house is answered with 0.9 as well."""
    answers = Predictions.of(*example())
    metrics = measure_answers(answers, certain_from=0.8, unreliable_genres=("house",))
    assert metrics.windows.certain_share == pytest.approx(2 / 6)
    assert metrics.windows.accuracy == pytest.approx(4 / 6)  # nothing else changes
    everything = measure_answers(answers, certain_from=0.0, unreliable_genres=("house", "techno"))
    assert (everything.windows.certain_share, everything.tracks.certain_share) == (0.0, 0.0)


def test_tracks_by_hand() -> None:
    tracks = measure(*example(), certain_from=0.8).tracks
    assert tracks.count == 3
    assert tracks.accuracy == pytest.approx(2 / 3)
    assert tracks.macro_recall == pytest.approx(0.75)
    assert (tracks.genres[7].count, tracks.genres[13].count) == (2, 1)
    assert tracks.confusion[7][7] == tracks.confusion[7][13] == tracks.confusion[13][13] == 1


def test_a_vote_is_the_mean_of_log_probabilities() -> None:
    table = hand_made(["house"] * 2, ["a", "a"])
    voted = Predictions.of(answered(["house", "techno"], [0.8, 0.4]), table).by_track()
    house, techno, other = math.sqrt(0.8 * 0.04), math.sqrt(0.4 * 0.2 / 15), math.sqrt(0.04 * 0.2 / 15)
    assert voted.probabilities[0].sum() == pytest.approx(1.0)
    assert voted.probabilities[0, 7] == pytest.approx(house / (house + techno + 14 * other), rel=1e-5)
    assert voted.tracks.tolist() == ["a"]


def test_the_second_and_third_answer_count_for_top_3() -> None:
    probabilities = np.zeros((2, 16), np.float32)
    probabilities[:, [0, 1, 2, 3]] = [0.4, 0.3, 0.2, 0.1]
    table = hand_made(["dnb", "dubstep"], ["a", "b"])  # the third and the fourth genre
    assert measure(probabilities, table, certain_from=0.5).windows.top3_accuracy == 0.5


def test_one_track_name_with_two_genres_is_two_tracks() -> None:
    table = hand_made(["house", "techno"], ["a", "a"])
    assert measure(answered(["house", "techno"], [0.9, 0.9]), table, certain_from=0.5).tracks.count == 2


def test_a_bundle_keeps_the_windows_figures_where_the_bot_looks() -> None:
    figures = measure(*example(), certain_from=0.8).to_dict()
    assert (figures["windows"], figures["tracks"], figures["accuracy"]) == (6, 3, 0.6667)
    assert figures["by_track"]["accuracy"] == 0.6667
    assert figures["by_track"]["macro_recall"] == 0.75


def test_the_words_hold_the_figures() -> None:
    metrics = measure(*example(), certain_from=0.8)
    assert "accuracy 0.667" in summary(metrics)
    assert "| House | 1.00 | 0.50 | 0.67 | 4 | 2 |" in genre_table(metrics)
    assert "| Phonk | – | – | – | 0 | 0 |" in genre_table(metrics)
