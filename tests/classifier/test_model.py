"""Both runtimes give the same answers, as probabilities, for one row and for many."""

import numpy as np
import pytest

from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, LITERT_FILE
from classifier.features import FEATURE_NAMES, FloatArray, extract_features
from classifier.model import GenreModel, KerasRuntime, LiteRtRuntime, RuntimeName, tempered


@pytest.fixture(scope="module")
def rows(window: FloatArray) -> FloatArray:
    """Features of the synthetic track, and rows spread around them."""
    spread = np.random.default_rng(1).normal(1.0, 0.3, (40, len(FEATURE_NAMES)))
    return np.vstack([extract_features(window), extract_features(window) * spread]).astype(np.float32)


def test_litert_and_keras_agree(rows: FloatArray) -> None:
    litert = GenreModel.load(runtime=RuntimeName.LITERT).predict(rows)
    keras = GenreModel.load(runtime=RuntimeName.KERAS).predict(rows)
    np.testing.assert_allclose(litert, keras, atol=1e-5)
    assert litert.std() > 0.01  # not the same answer for everything


def test_the_networks_agree_before_calibration_too(rows: FloatArray) -> None:
    scaled = GenreModel.load().metadata.scaler.transform(rows)
    litert, keras = LiteRtRuntime(DEFAULT_BUNDLE / LITERT_FILE), KerasRuntime(DEFAULT_BUNDLE / KERAS_FILE)
    np.testing.assert_allclose(litert(scaled), keras(scaled), atol=1e-5)


def test_one_row_and_many_rows_are_the_same(rows: FloatArray) -> None:
    model = GenreModel.load()
    together = model.predict(rows)
    for row, expected in zip(rows, together, strict=True):
        np.testing.assert_allclose(model.predict(row), expected, atol=1e-6)
    assert together.shape == (41, 16)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-5)


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="122"):
        GenreModel.load().predict(np.zeros(121, np.float32))


def test_temperature_softens_and_keeps_the_order() -> None:
    sharp = np.array([[0.7, 0.2, 0.1]], np.float32)
    soft = tempered(sharp, 2.0)
    root = np.sqrt(sharp)
    np.testing.assert_allclose(soft, root / root.sum(), rtol=1e-5)
    np.testing.assert_allclose(tempered(sharp, 1.0), sharp, rtol=1e-5)
    assert tempered(np.array([[1.0, 0.0]], np.float32), 3.0).sum() == pytest.approx(1.0)
