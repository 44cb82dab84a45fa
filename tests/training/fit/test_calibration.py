"""Calibration finds what was put in."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import Thresholds
from classifier.genres import SLUGS
from classifier.probabilities import tempered, track_scores
from tests.support.tables import answered, hand_made
from training.data.tables import IntArray
from training.evaluate.listening import listen_on
from training.evaluate.metrics import certain_answers
from training.evaluate.predictions import Predictions
from training.evaluate.rejection import OodScores
from training.evaluate.reliability import calibration_error, log_loss
from training.fit.calibration import (
    FEWEST_ANSWERS,
    REFUSED_SHARE,
    REFUSED_SHARE_OF_A_GENRE,
    calibrate,
    certain_thresholds,
    fit_temperature,
    refusal_thresholds,
)
from training.models.recipes import Recipe

RECIPE = Recipe(certain_accuracy=0.7, listening_places=3)


def honest(count: int, *, sharpness: float = 2.0) -> tuple[FloatArray, IntArray]:
    """Probabilities (n, 16), and labels drawn from exactly these probabilities."""
    random = np.random.default_rng(4)
    powers = np.exp(random.normal(0.0, sharpness, (count, 16)))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    labels = (probabilities.cumsum(axis=1) > random.random((count, 1))).argmax(axis=1)
    return probabilities.astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("overconfidence", [0.5, 1.0, 2.0])
def test_the_temperature_undoes_overconfidence(overconfidence: float) -> None:
    probabilities, labels = honest(20_000)
    sharp = tempered(probabilities, 1 / overconfidence)
    assert fit_temperature(sharp, labels) == pytest.approx(overconfidence, rel=0.05)


def test_honest_confidence_has_no_error_and_boasting_has() -> None:
    probabilities, labels = honest(20_000)
    assert calibration_error(probabilities, labels) < 0.015
    assert calibration_error(tempered(probabilities, 0.4), labels) > 0.1


def predictions(probabilities: FloatArray, labels: IntArray, tracks: list[str] | None = None) -> Predictions:
    names = [f"t{row}" for row in range(len(labels))] if tracks is None else tracks
    return Predictions.of(probabilities, hand_made([SLUGS[label] for label in labels], names))


def answers_of(slug: str, right: list[bool], confidence: list[float], *, tracks: int = 1_000) -> Predictions:
    """Answers that all name one genre, dealt to so many tracks of it (or of trap, where they are wrong)."""
    true = [slug if is_right else "trap" for is_right in right]
    names = [f"{slug}{row % tracks}" for row in range(len(right))]
    return Predictions.of(answered([slug] * len(right), confidence), hand_made(true, names))


def test_above_the_threshold_of_a_genre_the_promised_share_is_right() -> None:
    found = predictions(*honest(20_000))
    thresholds = certain_thresholds(found, accuracy=0.7)
    assert set(thresholds) == set(SLUGS)
    for label, slug in enumerate(SLUGS):
        certain = (found.predicted == label) & (found.confidence >= thresholds[slug])
        assert found.right[certain].mean() == pytest.approx(0.7, abs=0.01)
        assert 0.1 < certain.sum() / (found.predicted == label).sum() < 0.99


def test_each_genre_has_the_threshold_that_its_own_answers_need() -> None:
    """House is right from 0.6 on, techno only from 0.75 on; below that both are always wrong."""
    confidence = np.linspace(0.99, 0.4, 60).tolist()
    parts = [
        answers_of("house", [value > 0.6 for value in confidence], confidence),
        answers_of("techno", [value > 0.75 for value in confidence], confidence),
    ]
    found = certain_thresholds(Predictions.joined(parts), accuracy=1.0)
    # The threshold is that of the last answer that is right, rounded up to four digits.
    assert found == {
        slug: pytest.approx(min(value for value in confidence if value > start), abs=1e-4)
        for slug, start in (("house", 0.6), ("techno", 0.75))
    }


def test_a_genre_with_too_few_answers_or_tracks_is_never_certain() -> None:
    def thresholds(count: int, tracks: int) -> dict[str, float]:
        answers = answers_of("house", [True] * count, np.linspace(0.9, 0.5, count).tolist(), tracks=tracks)
        return certain_thresholds(answers, accuracy=0.9)

    assert thresholds(FEWEST_ANSWERS, 5) == {"house": pytest.approx(0.5, abs=1e-4)}
    assert thresholds(FEWEST_ANSWERS - 1, 5) == {}
    assert thresholds(FEWEST_ANSWERS, 4) == {}


def test_a_genre_that_is_mostly_wrong_has_no_threshold() -> None:
    answers = answers_of("dubstep", [True, False, False] * 20, np.linspace(0.99, 0.4, 60).tolist())
    assert certain_thresholds(answers, accuracy=0.5) == {}


def test_windows_and_tracks_are_calibrated_each() -> None:
    """Ten windows a track that are all alike are one witness, not ten: the vote needs a temperature of its own."""
    probabilities, labels = honest(2_000)
    windows, truth = tempered(np.repeat(probabilities, 10, axis=0), 0.5), np.repeat(labels, 10)
    raw = predictions(windows, truth, [f"t{row // 10}" for row in range(len(truth))])
    found = calibrate(raw, RECIPE)
    assert found.window.temperature == pytest.approx(2.0, rel=0.1)
    assert found.track.temperature == pytest.approx(1.0, rel=0.1)  # the mean of alike windows boasts no more than one
    answers = found.windows(raw)
    assert calibration_error(answers.probabilities, answers.labels) < 0.05
    assert answers.track_temperature == found.track.temperature
    for level, calibration in ((answers, found.window), (answers.by_track(), found.track)):
        certain = certain_answers(level, calibration)
        assert level.right[certain].mean() >= 0.69
        by_hand = zip(level.predicted.tolist(), level.confidence.tolist(), strict=True)
        assert certain.tolist() == [calibration.is_certain(SLUGS[genre], value) for genre, value in by_hand]


def independent(tracks: int, windows: int) -> Predictions:
    """Tracks whose windows are independent witnesses: each says a little, and what it says is honest."""
    random = np.random.default_rng(8)
    labels = random.integers(0, 16, tracks)
    evidence = random.normal(0.0, 1.0, (tracks * windows, 16))
    evidence[np.arange(tracks * windows), np.repeat(labels, windows)] += 1.0  # the likelihood ratio is exp(evidence)
    powers = np.exp(evidence)
    names = [f"t{row // windows}" for row in range(tracks * windows)]
    return predictions(
        (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), np.repeat(labels, windows), names
    )


def test_the_more_independent_windows_are_heard_the_surer_is_their_mean() -> None:
    """The sum of k honest logarithms is honest, so their mean wants a temperature of 1/k."""
    raw = independent(400, 8)
    found = calibrate(raw, RECIPE)
    assert found.window.temperature == pytest.approx(1.0, abs=0.1)
    temperatures = found.listening.temperatures
    assert len(temperatures) == RECIPE.listening_places + 1
    assert temperatures[0] == 1.0
    assert temperatures[1] > temperatures[2] > temperatures[3] >= 0.25
    answers, certain, listened = found.told(raw)
    alone = found.windows(raw)
    assert listened.any()
    assert answers.right[listened].mean() > alone.right[listened].mean() + 0.1
    np.testing.assert_array_equal(answers.probabilities[~listened], alone.probabilities[~listened])
    heard = listen_on(alone, places=3).probabilities(temperatures)
    np.testing.assert_array_equal(answers.probabilities[listened], heard[listened])
    assert answers.right[certain].mean() >= 0.69
    assert certain.mean() > certain_answers(alone, found.window).mean()


def test_what_is_certain_alone_is_not_listened_to() -> None:
    raw = predictions(*honest(4_000), [f"t{row // 4}" for row in range(4_000)])
    found = calibrate(raw, RECIPE)
    alone = certain_answers(found.windows(raw), found.window)
    _, certain, listened = found.told(raw)
    assert alone.any()
    assert certain[alone].all()
    assert not listened[alone].any()


def test_a_track_of_one_window_is_not_listened_to() -> None:
    raw = predictions(*honest(400))
    found = calibrate(raw, RECIPE)
    answers, _, listened = found.told(raw)
    assert not listened.any()
    np.testing.assert_allclose(answers.probabilities, found.windows(raw).probabilities, rtol=1e-4)


def test_a_vote_counts_in_training_as_it_does_in_serving() -> None:
    probabilities, _ = honest(12)
    probabilities[3, 5] = 0.0
    table = hand_made(["house"] * 12, ["a"] * 12)
    voted = Predictions.of(probabilities, table, track_temperature=1.7).by_track()
    np.testing.assert_allclose(voted.probabilities[0], track_scores(probabilities, 1.7), rtol=1e-4, atol=1e-9)
    assert log_loss(voted.probabilities, voted.labels) > 0.0


def ood_scores(
    values: np.ndarray, slugs: list[str], *, answers: list[str] | None = None, windows: int = 5
) -> OodScores:
    table = hand_made(slugs, [f"{slug}{row // windows}" for row, slug in enumerate(slugs)])
    given = np.eye(len(SLUGS), dtype=np.float32)[[SLUGS.index(slug) for slug in answers or slugs]]
    return OodScores.of(values.astype(np.float32), given, table)


def refused(edm: OodScores) -> np.ndarray:
    base, by_genre = refusal_thresholds(edm)
    return edm.refused(Thresholds(certain_from={}, ood_threshold=base, ood_by_genre=by_genre))


def test_no_more_of_all_edm_is_refused_than_may_be() -> None:
    values = np.random.default_rng(0).normal(size=4_000)
    edm = ood_scores(values, [SLUGS[row // 500] for row in range(4_000)])
    base, by_genre = refusal_thresholds(edm)
    assert by_genre == {}
    assert 0.8 * REFUSED_SHARE < (edm.values >= base).mean() <= REFUSED_SHARE


def test_no_more_of_any_genre_is_refused_than_may_be() -> None:
    """Phonk is a twentieth of all and far above the rest: answers of its name have a limit of their own."""
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(size=3_800), random.normal(4.0, 1.0, 200)])
    slugs = ["house"] * 3_800 + ["phonk"] * 200
    edm = ood_scores(values, slugs)
    base, by_genre = refusal_thresholds(edm)
    assert set(by_genre) == {"phonk"}
    assert by_genre["phonk"] > base
    assert refused(edm)[3_800:].mean() == pytest.approx(REFUSED_SHARE_OF_A_GENRE, abs=0.005)
    few = ood_scores(values, slugs, windows=25)  # eight tracks of phonk: too few to have a say
    assert refused(few).mean() == pytest.approx(REFUSED_SHARE, abs=0.001)


def test_a_genre_is_spared_by_the_answers_that_it_gets() -> None:
    """Half of Phonk is called Trap: that answer is spared, too, and all Trap with it."""
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(size=3_800), random.normal(4.0, 1.0, 200)])
    slugs = ["house"] * 3_700 + ["trap"] * 100 + ["phonk"] * 200
    edm = ood_scores(values, slugs, answers=["house"] * 3_700 + ["trap"] * 200 + ["phonk"] * 100)
    assert set(refusal_thresholds(edm)[1]) == {"phonk", "trap"}
    assert refused(edm)[3_800:].mean() <= REFUSED_SHARE_OF_A_GENRE


def test_windows_tracks_and_listening_are_refused_at_thresholds_of_their_own() -> None:
    values = np.random.default_rng(0).normal(size=2_000)
    probabilities, labels = honest(2_000)
    tracks = [f"t{row // 5}" for row in range(2_000)]
    house = np.eye(len(SLUGS), dtype=np.float32)[[SLUGS.index("house")] * 2_000]
    edm = OodScores.of(values.astype(np.float32), house, hand_made(["house"] * 2_000, tracks))
    raw = predictions(probabilities, np.repeat(labels[::5], 5), tracks)
    plain, strict = calibrate(raw, RECIPE), calibrate(raw, RECIPE, edm=edm)
    assert (plain.window.ood_threshold, plain.track.ood_threshold, plain.listening.ood_threshold) == (None,) * 3
    assert strict.window.ood_threshold == refusal_thresholds(edm)[0]
    assert strict.track.ood_threshold == refusal_thresholds(edm.by_track())[0]
    assert strict.listening.ood_threshold == refusal_thresholds(edm.listened(3))[0]
    assert strict.track.ood_threshold < strict.listening.ood_threshold < strict.window.ood_threshold
    assert strict.window.temperature == plain.window.temperature
    assert strict.window.certain_from == plain.window.certain_from
