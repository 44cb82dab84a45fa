"""Calibration finds what was put in."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.genres import SLUGS
from classifier.probabilities import tempered, track_scores
from tests.support.tables import hand_made
from training.data.sampling import one_hot
from training.data.tables import IntArray
from training.evaluate.ood import OodScores
from training.evaluate.predictions import Predictions
from training.evaluate.reliability import calibration_error, log_loss
from training.fit.calibration import (
    REFUSED_SHARE,
    calibrate,
    certain_threshold,
    find_unreliable_genres,
    fit_temperature,
    with_ood_thresholds,
)


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


def test_above_the_threshold_the_promised_share_is_right() -> None:
    probabilities, labels = honest(20_000)
    threshold = certain_threshold(probabilities, labels, accuracy=0.7)
    certain = probabilities.max(axis=1) >= threshold
    right = probabilities.argmax(axis=1) == labels
    assert right[certain].mean() == pytest.approx(0.7, abs=0.01)
    assert 0.1 < certain.mean() < 0.99


def test_a_hopeless_model_is_never_certain() -> None:
    probabilities, _ = honest(500)
    assert certain_threshold(probabilities, (probabilities.argmax(axis=1) + 1) % 16, accuracy=0.1) == 1.0


def test_windows_and_tracks_are_calibrated_each() -> None:
    """Ten windows a track that are all alike are one witness, not ten: the vote needs a temperature of its own."""
    probabilities, labels = honest(2_000)
    windows, truth = tempered(np.repeat(probabilities, 10, axis=0), 0.5), np.repeat(labels, 10)
    table = hand_made([SLUGS[label] for label in truth], [f"t{row // 10}" for row in range(len(truth))])
    found = calibrate(windows, table, certain_accuracy=0.7)
    assert found.window.temperature == pytest.approx(2.0, rel=0.1)
    assert found.track.temperature == pytest.approx(1.0, rel=0.1)  # the mean of alike windows boasts no more than one
    answers = found.answers(windows, table)
    assert calibration_error(answers.probabilities, answers.labels) < 0.05
    for level, calibration in ((answers, found.window), (answers.by_track(), found.track)):
        pairs = zip(level.predicted.tolist(), level.confidence.tolist(), strict=True)
        certain = [calibration.is_certain(SLUGS[genre], confidence) for genre, confidence in pairs]
        assert level.right[np.array(certain)].mean() >= 0.69


def test_a_genre_whose_confident_answers_are_mostly_wrong_is_unreliable() -> None:
    """Ten answers each: of 'house' nine are right, of 'dubstep' three, of 'lofi' three, but those are not confident."""
    house, dubstep, lofi = (SLUGS.index(slug) for slug in ("house", "dubstep", "lofi"))
    given = [house] * 10 + [dubstep] * 10 + [lofi] * 10
    confidence = np.array([0.9] * 20 + [0.3] * 10, np.float32)
    true = [house] * 9 + [lofi] + [dubstep] * 3 + [house] * 7 + [lofi] * 3 + [house] * 7
    probabilities = (one_hot(np.array(given)) * confidence[:, np.newaxis]) + (1 - confidence[:, np.newaxis]) / 16
    table = hand_made([SLUGS[label] for label in true], [f"t{row}" for row in range(30)])
    answers = Predictions.of(probabilities, table)
    assert find_unreliable_genres(answers, certain_from=0.5) == ("dubstep",)
    assert find_unreliable_genres(answers, certain_from=0.2) == ("dubstep", "lofi")
    found = calibrate(probabilities, table, certain_accuracy=0.6)
    assert "dubstep" in found.window.unreliable_genres
    assert "dubstep" in found.track.unreliable_genres
    assert not found.window.is_certain("dubstep", 0.99)
    assert found.window.is_certain("house", 0.99)


def test_a_vote_counts_in_training_as_it_does_in_serving() -> None:
    probabilities, _ = honest(12)
    probabilities[3, 5] = 0.0
    table = hand_made(["house"] * 12, ["a"] * 12)
    voted = Predictions.of(probabilities, table, track_temperature=1.7).by_track()
    np.testing.assert_allclose(voted.probabilities[0], track_scores(probabilities, 1.7), rtol=1e-4, atol=1e-9)
    assert log_loss(voted.probabilities, voted.labels) > 0.0


def test_refusal_has_a_threshold_for_windows_and_one_for_tracks() -> None:
    random = np.random.default_rng(0)
    tracks = np.repeat([f"t{number}" for number in range(400)], 5)
    values = random.normal(size=2_000).astype(np.float32)
    probabilities, labels = honest(2_000)
    plain = calibrate(
        probabilities, hand_made([SLUGS[label] for label in labels], tracks.tolist()), certain_accuracy=0.5
    )
    assert plain.window.ood_threshold is None
    strict = with_ood_thresholds(plain, OodScores(values, tracks, np.array(["songs"] * 2_000)))
    assert strict.window.ood_threshold == pytest.approx(np.quantile(values, 1.0 - REFUSED_SHARE), abs=1e-3)
    means = values.reshape(400, 5).mean(axis=1)
    assert strict.track.ood_threshold == pytest.approx(np.quantile(means, 1.0 - REFUSED_SHARE), abs=1e-3)
    assert strict.window.temperature == plain.window.temperature
