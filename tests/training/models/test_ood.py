"""What is none of the genres is told from what is, by the embedding, and neither long tracks nor large kinds decide."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from classifier.bundle import Scaler, columns_of
from classifier.description import FAMILIES, FEATURES, MUSICNN
from classifier.genres import SLUGS
from tests.support.tables import hand_made
from training.data.tables import FeatureTable
from training.models.ood import LARGEST, OodDetector, fit_ood_detector
from training.models.recipes import Recipe

COLUMNS = columns_of((FEATURES, MUSICNN))
IDENTITY = Scaler(mean=(0.0,) * len(COLUMNS), scale=(1.0,) * len(COLUMNS))


def cloud(count: int, centre: float, *, seed: int, kind: str = "x", windows: int = 2) -> FeatureTable:
    """Rows around a centre in the first embedding value; all else is chance."""
    features = np.random.default_rng(seed).normal(size=(count, len(COLUMNS)))
    features[:, 122] += centre
    tracks = [f"{kind}{row // windows}" for row in range(count)]
    return hand_made(["house"] * count, tracks, sources=[kind] * count, features=features, columns=COLUMNS)


def test_other_sounds_are_told_from_edm() -> None:
    ood_detector = fit_ood_detector(cloud(300, -3.0, seed=0), cloud(100, 3.0, seed=1), IDENTITY, Recipe())
    edm, others = cloud(300, -3.0, seed=2), cloud(300, 3.0, seed=3)
    assert (ood_detector.ood_score(edm.features) < 0.0).mean() > 0.97
    assert (ood_detector.ood_score(others.features) > 0.0).mean() > 0.97
    assert ood_detector.weights.shape == (len(COLUMNS),)


def test_a_score_by_hand() -> None:
    ood_detector = OodDetector(np.array([1.0, -2.0], np.float32), 0.5)
    rows = np.array([[1.0, 1.0], [100.0, 0.0]], np.float32)
    np.testing.assert_allclose(ood_detector.ood_score(rows), [-0.5, LARGEST + 0.5])


def test_features_are_not_listened_to() -> None:
    edm, others = cloud(100, 0.0, seed=0), cloud(100, 0.0, seed=1)
    marked = replace(
        others, features=others.features + np.repeat([9.0, 0.0], [122, len(COLUMNS) - 122]).astype(np.float32)
    )
    assert not fit_ood_detector(edm, marked, IDENTITY, Recipe()).weights[:122].any()


@pytest.mark.parametrize("told", ["embedding1", "mn04_1"])
def test_both_embeddings_are_listened_to(told: str) -> None:
    columns = columns_of(FAMILIES)
    identity = Scaler(mean=(0.0,) * len(columns), scale=(1.0,) * len(columns))
    tables = []
    for seed, centre in ((0, -3.0), (1, 3.0)):
        features = np.random.default_rng(seed).normal(size=(100, len(columns)))
        features[:, columns.index(told)] += centre
        tracks = [f"{seed}-{row}" for row in range(100)]
        tables.append(hand_made(["house"] * 100, tracks, features=features, columns=columns))
    weights = fit_ood_detector(*tables, identity, Recipe()).weights
    assert np.abs(weights).argmax() == columns.index(told)
    assert not weights[: columns.index("embedding1")].any()  # neither features nor rhythm


def test_a_detector_is_the_one_that_a_bundle_keeps() -> None:
    found = fit_ood_detector(cloud(100, -3.0, seed=0), cloud(100, 3.0, seed=1), IDENTITY, Recipe())
    np.testing.assert_array_equal(found.weights, found.weights.astype(np.float16))
    assert found.bias == float(np.float16(found.bias))


def penalised(windows: int) -> Recipe:
    """With the same penalty, however many windows there are: the recipe's is for each of them."""
    return Recipe(ood_penalty=2.0 / windows)


def test_the_number_of_windows_does_not_decide() -> None:
    """The same tracks, one of the others fifty times as long: the same answer."""
    edm, others = cloud(200, -1.0, seed=0), cloud(60, 1.0, seed=1)
    longer = others.where(np.concatenate([np.arange(60), np.tile([0, 1], 49)]))
    few, many = (fit_ood_detector(edm, table, IDENTITY, penalised(200 + len(table))) for table in (others, longer))
    np.testing.assert_allclose(many.weights, few.weights, atol=0.01)
    assert many.bias == pytest.approx(few.bias, abs=0.01)
    assert np.abs(few.weights).max() > 0.1


def test_music_of_unknown_genre_is_not_out_of_distribution() -> None:
    """A third cloud on the others' side is taken for one of them, unless it is said to be electronic music."""
    edm, others = cloud(200, -3.0, seed=0), cloud(100, 3.0, seed=1)
    features = np.random.default_rng(2).normal(size=(100, len(COLUMNS)))
    features[:, 122] += 3.0
    features[:, 123] += 6.0
    unknown = replace(cloud(100, 0.0, seed=2, kind="unknown"), features=features.astype(np.float32))
    assert (fit_ood_detector(edm, others, IDENTITY, Recipe()).ood_score(unknown.features) > 0.0).mean() > 0.9
    recipe = replace(penalised(400), ood_unlabelled_share=0.4)
    taught = fit_ood_detector(edm, others, IDENTITY, recipe, unlabelled=unknown)
    assert (taught.ood_score(unknown.features) < 0.0).mean() > 0.9
    assert (taught.ood_score(others.features) > 0.0).mean() > 0.9


@pytest.mark.parametrize(
    "weights", [{"ood_source_weights": (("songs", 30.0),)}, {"ood_genre_weights": (("ambient", 30.0),)}]
)
def test_sources_and_genres_count_more_only_where_the_recipe_says_so(weights: dict[str, Any]) -> None:
    """A fifth of the EDM, all ambient of one source, lies among the others: it stays EDM once it weighs more."""
    edm, others = cloud(200, -3.0, seed=0, kind="guide"), cloud(100, 3.0, seed=1, kind="speech")
    features = edm.features.copy()
    features[:40, 122] += 6.0
    labels = np.repeat([SLUGS.index("ambient"), SLUGS.index("house")], [40, 160])
    if "ood_source_weights" in weights:
        labels[:] = SLUGS.index("house")
    mixed = replace(edm, features=features, labels=labels, sources=np.repeat(["songs", "guide"], [40, 160]))
    plain, weighed = (
        fit_ood_detector(mixed, others, IDENTITY, replace(penalised(300), **settings)) for settings in ({}, weights)
    )
    assert weighed.ood_score(features[:40]).mean() < plain.ood_score(features[:40]).mean() - 0.3
