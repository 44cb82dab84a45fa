"""Calibration finds what was put in."""

import numpy as np
import pytest

from classifier.model import tempered
from classifier.readers import FloatArray
from training.calibration import certain_threshold, fit_temperature
from training.confidence import calibration_error
from training.tables import IntArray


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
