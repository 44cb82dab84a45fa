"""Figures of a small example worked out by hand."""

import math

import numpy as np
import pytest

from classifier.bundle import Thresholds
from tests.support.tables import answered, hand_made
from training.evaluate.metrics import (
    Figures,
    answer_summary,
    certain_answers,
    genre_table,
    measure,
    measure_level,
    summary,
)
from training.evaluate.predictions import Predictions

FROM_80 = Thresholds(certain_from={"house": 0.8, "techno": 0.8})


def example() -> Predictions:
    """Two house tracks (3 and 1 windows) and one techno track (2): 4 of 6 windows right, 2 of 3 tracks."""
    table = hand_made(["house"] * 4 + ["techno"] * 2, list("aaabcc"))
    answers = ["house", "house", "techno", "techno", "techno", "techno"]
    return Predictions.of(answered(answers, [0.9, 0.9, 0.5, 0.5, 0.9, 0.9]), table)


def test_windows_by_hand() -> None:
    windows = measure(example(), window=FROM_80, track=FROM_80).windows
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


def test_each_genre_has_a_threshold_of_its_own_and_without_one_it_is_never_certain() -> None:
    """The answers: house with 0.9 twice, techno with 0.5 twice and with 0.9 twice."""
    answers = example()
    for certain_from, expected in (
        ({"house": 0.8}, [True, True, False, False, False, False]),
        ({"house": 0.95, "techno": 0.5}, [False, False, True, True, True, True]),
        ({"trance": 0.0}, [False] * 6),
    ):
        thresholds = Thresholds(certain_from=certain_from)
        assert certain_answers(answers, thresholds).tolist() == expected
        metrics = measure(answers, window=thresholds)
        assert metrics.windows.certain_share == pytest.approx(np.mean(expected))
        assert metrics.windows.accuracy == pytest.approx(4 / 6)  # nothing else changes
        assert metrics.tracks.certain_share == 0.0  # tracks have thresholds of their own
    assert not certain_answers(answers, None).any()


def test_a_level_is_told_which_answers_were_certain() -> None:
    level = measure_level(example(), certain=np.array([True, True, True, False, False, False]))
    assert (level.certain_share, level.certain_accuracy) == (0.5, pytest.approx(2 / 3))


def test_tracks_by_hand() -> None:
    tracks = measure(example(), window=FROM_80, track=FROM_80).tracks
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
    assert measure(Predictions.of(probabilities, table)).windows.top3_accuracy == 0.5


def test_one_track_name_with_two_genres_is_two_tracks() -> None:
    table = hand_made(["house", "techno"], ["a", "a"])
    assert measure(Predictions.of(answered(["house", "techno"], [0.9, 0.9]), table)).tracks.count == 2


def test_a_bundle_keeps_the_windows_figures_where_the_bot_looks() -> None:
    figures = measure(example(), window=FROM_80, track=FROM_80).to_dict()
    assert (figures["windows"], figures["tracks"], figures["accuracy"]) == (6, 3, 0.6667)
    assert figures["by_track"]["accuracy"] == 0.6667
    assert figures["by_track"]["macro_recall"] == 0.75


def test_the_words_hold_the_figures() -> None:
    metrics = measure(example(), window=FROM_80, track=FROM_80)
    assert "accuracy 0.667" in summary(metrics)
    assert "| House | 1.00 | 0.50 | 0.67 | 4 | 2 |" in genre_table(metrics.windows, metrics.tracks)
    assert "| House | 1.00 | 0.50 | 0.67 | 2 | 2 |" in genre_table(metrics.tracks, metrics.tracks)
    assert "| Phonk | – | – | – | 0 | 0 |" in genre_table(metrics.windows, metrics.tracks)


def figures(*, by_track: bool) -> Figures:
    """What people are told is right for 4 of 6 windows, half of them certain."""
    metrics = measure(example(), window=FROM_80, track=FROM_80)
    return Figures(
        main=metrics,
        answer=measure_level(example(), certain=np.array([True] * 3 + [False] * 3)),
        listened_share=1 / 3,
        unchanged={"tone": 0.875, "codec48": 0.5},
        by_track=metrics if by_track else None,
    )


def test_figures_keep_those_by_origin_in_front() -> None:
    kept = figures(by_track=True).to_dict()
    assert (kept["windows"], kept["tracks"], kept["accuracy"]) == (6, 3, 0.6667)
    assert kept["answer"]["certain_share"] == 0.5
    assert (kept["listened_share"], kept["unchanged"]) == (0.3333, {"tone": 0.875, "codec48": 0.5})
    assert kept["folds_by_track"]["by_track"]["accuracy"] == 0.6667
    assert "folds_by_track" not in figures(by_track=False).to_dict()


def test_the_words_about_the_answer() -> None:
    words = answer_summary(figures(by_track=True))
    assert "it listens on for 33% of the windows" in words
    assert "certain 50%, of which right 67%" in words
    assert "which flatters: windows 0.667 (recall 0.750), tracks 0.667 (recall 0.750)" in words
    assert "(tone) leaves unchanged: 88%" in words
    assert "flatters" not in answer_summary(figures(by_track=False))
