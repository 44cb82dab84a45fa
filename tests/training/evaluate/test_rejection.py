"""What is refused, counted by hand."""

from dataclasses import asdict

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import Thresholds
from classifier.genres import SLUGS
from tests.support.tables import hand_made
from training.evaluate.rejection import KindRejection, OodScores, Rejection, measure_rejection


def scores(values: list[float], slugs: list[str], tracks: list[str], kinds: list[str]) -> OodScores:
    return OodScores.of(np.array(values, np.float32), answers(slugs), hand_made(slugs, tracks, sources=kinds))


def answers(slugs: list[str]) -> FloatArray:
    """Nearly all of the probability for the named genres."""
    rows = np.full((len(slugs), len(SLUGS)), 0.01, np.float32)
    rows[np.arange(len(slugs)), [SLUGS.index(slug) for slug in slugs]] = 0.85
    return rows


def from_score(score: float, **by_genre: float) -> Thresholds:
    return Thresholds(certain_from={}, ood_threshold=score, ood_by_genre=by_genre)


EDM = scores([0.1, 0.2, 0.9, 0.2, 0.3, 0.4], ["house"] * 4 + ["trap"] * 2, list("aabcde"), ["songs"] * 6)
OTHERS = scores([0.9, 0.4, 0.8, 0.1], ["house"] * 4, list("xxyz"), ["speech", "speech", "noise", "noise"])


def test_windows_and_tracks_each_at_their_threshold() -> None:
    result = measure_rejection(EDM, OTHERS, window=from_score(0.6), track=from_score(0.6))
    noise, speech = result.kinds
    # Track x has a mean of 0.65: refused, though one of its windows is not.
    assert speech == KindRejection("speech", windows=2, tracks=1, refused_windows=0.5, refused_tracks=1.0)
    assert noise == KindRejection("noise", windows=2, tracks=2, refused_windows=0.5, refused_tracks=0.5)
    assert result.edm == KindRejection(
        "EDM", windows=6, tracks=5, refused_windows=pytest.approx(1 / 6), refused_tracks=pytest.approx(1 / 5)
    )
    stricter = measure_rejection(EDM, OTHERS, window=from_score(0.6), track=from_score(0.7)).kinds[1]
    assert (stricter.refused_windows, stricter.refused_tracks) == (0.5, 0.0)


def test_each_genre_is_counted() -> None:
    house, trap = measure_rejection(EDM, OTHERS, window=from_score(0.4), track=from_score(0.95)).genres
    assert house == KindRejection("house", windows=4, tracks=3, refused_windows=0.25, refused_tracks=0.0)
    assert trap == KindRejection("trap", windows=2, tracks=2, refused_windows=0.5, refused_tracks=0.0)


def test_answers_of_a_genre_may_have_a_threshold_of_their_own() -> None:
    spared = from_score(0.25, house=0.95)
    assert EDM.refused(spared).tolist() == [False] * 4 + [True, True]
    assert EDM.by_track().refused(spared).tolist() == [False] * 3 + [True, True]
    assert not EDM.refused(Thresholds(certain_from={})).any()


def test_what_is_heard_together_answers_together() -> None:
    """Two windows of three say Trap."""
    three = OodScores.of(
        np.array([0.5, 0.5, 0.5], np.float32),
        answers(["trap", "house", "trap"]),
        hand_made(["house"] * 3, list("aaa"), sources=["songs"] * 3),
    )
    assert three.by_track().refused(from_score(0.9, trap=0.4)).tolist() == [True]
    assert three.listened(2).refused(from_score(0.9, trap=0.4)).tolist() == [True] * 3
    assert three.listened(2).refused(from_score(0.9, house=0.4)).tolist() == [False] * 3


def test_a_lower_threshold_costs_edm_and_catches_more() -> None:
    rejection = measure_rejection(EDM, OTHERS, window=from_score(0.6), track=from_score(0.6), edm_shares=(0.2, 0.6))
    (loose, strict) = rejection.trade_offs
    assert loose.edm_refused < strict.edm_refused
    assert loose.ood_threshold > strict.ood_threshold
    assert strict.others_refused == pytest.approx(2 / 3)


def test_it_comes_back_from_what_a_bundle_keeps() -> None:
    rejection = measure_rejection(EDM, OTHERS, window=from_score(0.6), track=from_score(0.6))
    assert Rejection.from_dict(asdict(rejection)) == rejection


def test_a_track_has_the_mean_of_its_windows() -> None:
    tracks = EDM.by_track()
    np.testing.assert_allclose(tracks.values, [0.15, 0.9, 0.2, 0.3, 0.4], rtol=1e-6)
    assert tracks.tracks.tolist() == list("abcde")
    assert [SLUGS[label] for label in tracks.labels] == ["house"] * 3 + ["trap"] * 2


def test_listening_on_takes_the_mean_of_what_is_heard() -> None:
    """Track a has four windows, of which two are heard beside the asked one: its second and its fourth."""
    some = scores([1.0, 2.0, 4.0, 9.0, 5.0], ["house"] * 5, list("aaaab"), ["songs"] * 5)
    heard = some.listened(2)
    np.testing.assert_allclose(heard.values, [(1 + 2 + 9) / 3, (2 + 9) / 2, (4 + 2 + 9) / 3, (9 + 2) / 2, 5.0])
    assert heard.tracks.tolist() == some.tracks.tolist()
