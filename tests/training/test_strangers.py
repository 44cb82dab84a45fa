"""What is none of the genres is told from what is, by the embedding, and neither long tracks nor large kinds decide."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.bundle import Scaler, columns_of
from classifier.description import EMBEDDING, FEATURES
from tests.support.tables import hand_made
from training.strangers import LARGEST, Stranger, fit_stranger
from training.tables import FeatureTable

COLUMNS = columns_of((FEATURES, EMBEDDING))
IDENTITY = Scaler(mean=(0.0,) * len(COLUMNS), scale=(1.0,) * len(COLUMNS))


def cloud(count: int, centre: float, *, seed: int, kind: str = "x", windows: int = 2) -> FeatureTable:
    """Rows around a centre in the first embedding value; all else is chance."""
    features = np.random.default_rng(seed).normal(size=(count, len(COLUMNS)))
    features[:, 122] += centre
    tracks = [f"{kind}{row // windows}" for row in range(count)]
    return hand_made(["house"] * count, tracks, sources=[kind] * count, features=features, columns=COLUMNS)


def test_strange_sounds_are_told_from_edm() -> None:
    stranger = fit_stranger(cloud(300, -3.0, seed=0), cloud(100, 3.0, seed=1), IDENTITY)
    edm, others = cloud(300, -3.0, seed=2), cloud(300, 3.0, seed=3)
    assert (stranger.strangeness(edm.features) < 0.0).mean() > 0.97
    assert (stranger.strangeness(others.features) > 0.0).mean() > 0.97
    assert stranger.weights.shape == (len(COLUMNS),)


def test_strangeness_by_hand() -> None:
    stranger = Stranger(np.array([1.0, -2.0], np.float32), 0.5)
    rows = np.array([[1.0, 1.0], [100.0, 0.0]], np.float32)
    np.testing.assert_allclose(stranger.strangeness(rows), [-0.5, LARGEST + 0.5])


def test_features_are_not_listened_to() -> None:
    edm, others = cloud(100, 0.0, seed=0), cloud(100, 0.0, seed=1)
    marked = replace(
        others, features=others.features + np.repeat([9.0, 0.0], [122, len(COLUMNS) - 122]).astype(np.float32)
    )
    assert not fit_stranger(edm, marked, IDENTITY).weights[:122].any()


def test_the_number_of_windows_does_not_decide() -> None:
    """The same tracks, one of the strange ones fifty times as long: the same answer."""
    edm, others = cloud(200, -1.0, seed=0), cloud(60, 1.0, seed=1)
    longer = others.where(np.concatenate([np.arange(60), np.tile([0, 1], 49)]))
    few, many = (fit_stranger(edm, table, IDENTITY) for table in (others, longer))
    np.testing.assert_allclose(many.weights, few.weights, atol=0.01)
    assert many.bias == pytest.approx(few.bias, abs=0.01)


def test_music_of_unknown_genre_is_not_strange() -> None:
    """A third cloud that lies on the strange side is taken for strange, unless it is said to be electronic music."""
    edm, others = cloud(200, -3.0, seed=0), cloud(100, 3.0, seed=1)
    features = np.random.default_rng(2).normal(size=(100, len(COLUMNS)))
    features[:, 122] += 3.0
    features[:, 123] += 6.0
    unknown = replace(cloud(100, 0.0, seed=2, kind="unknown"), features=features.astype(np.float32))
    assert (fit_stranger(edm, others, IDENTITY).strangeness(unknown.features) > 0.0).mean() > 0.9
    taught = fit_stranger(edm, others, IDENTITY, unlabelled=unknown)
    assert (taught.strangeness(unknown.features) < 0.0).mean() > 0.9
    assert (taught.strangeness(others.features) > 0.0).mean() > 0.9
