"""What a row is made into before the networks, worked out beside it."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import columns_of
from classifier.description import FAMILIES, MN04_NAMES, MUSICNN_NAMES
from classifier.rhythm import RHYTHM_NAMES
from tests.support.tables import hand_made
from training.data.tables import FeatureTable
from training.errors import TrainingError
from training.models.preprocessing import EMBEDDING_SPREAD, Preprocessor
from training.models.recipes import Recipe

ROWS = 200
COLUMNS = columns_of(FAMILIES)
RHYTHM = slice(122, 122 + 498)
MUSICNN = slice(RHYTHM.stop, RHYTHM.stop + len(MUSICNN_NAMES))
MN04 = slice(MUSICNN.stop, MUSICNN.stop + len(MN04_NAMES))
PLAIN, REDUCED = Recipe(families=FAMILIES), Recipe(families=FAMILIES, rhythm_components=10)


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    """Rhythm that moves in three directions only, embedding values that shrink from first to last."""
    random = np.random.default_rng(0)
    rows = random.normal(3.0, 2.0, (ROWS, len(COLUMNS)))
    rows[:, RHYTHM] = random.normal(size=(ROWS, 3)) @ random.normal(size=(3, 498)) + 5.0
    rows[:, MUSICNN] *= np.geomspace(1.0, 0.01, len(MUSICNN_NAMES))
    rows[:, MN04] *= np.geomspace(30.0, 3.0, len(MN04_NAMES))
    return hand_made(["house"] * ROWS, [f"t{row}" for row in range(ROWS)], features=rows, columns=COLUMNS)


def test_features_and_rhythm_are_standardised_one_by_one(table: FeatureTable) -> None:
    rows = Preprocessor.fit(table, PLAIN).transform(table.features)
    np.testing.assert_allclose(rows[:, : RHYTHM.stop].mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(rows[:, : RHYTHM.stop].std(axis=0), 1.0, rtol=1e-3)


@pytest.mark.parametrize("embedding", [MUSICNN, MN04], ids=["musicnn", "mn04"])
def test_each_embedding_keeps_its_proportions_whatever_its_size(table: FeatureTable, embedding: slice) -> None:
    rows = Preprocessor.fit(table, PLAIN).transform(table.features)
    before, after = table.features[:, embedding], rows[:, embedding]
    np.testing.assert_allclose(
        after.std(axis=0) / after.std(axis=0)[0], before.std(axis=0) / before.std(axis=0)[0], rtol=1e-3
    )
    assert np.sqrt((after**2).mean()) == pytest.approx(EMBEDDING_SPREAD, rel=1e-3)


def test_rhythm_becomes_its_principal_components(table: FeatureTable) -> None:
    preprocessor = Preprocessor.fit(table, REDUCED)
    rows = preprocessor.transform(table.features)
    assert rows.shape == (ROWS, preprocessor.inputs) == (ROWS, 122 + 10 + 192 + 384)
    plain = Preprocessor.fit(table, PLAIN).transform(table.features)
    np.testing.assert_array_equal(rows[:, :122], plain[:, :122])
    np.testing.assert_array_equal(rows[:, 132:], plain[:, RHYTHM.stop :])
    spread = rows[:, 122:132].var(axis=0)
    assert spread[:3].sum() == pytest.approx(498.0, rel=0.01)  # three directions hold everything
    assert spread[3:].max() < 0.01


def test_the_reduction_is_the_one_that_a_bundle_keeps(table: FeatureTable) -> None:
    reduction = Preprocessor.fit(table, REDUCED).reduction
    assert reduction is not None
    np.testing.assert_array_equal(reduction, reduction.astype(np.float16))


def test_without_components_nothing_is_reduced(table: FeatureTable) -> None:
    preprocessor = Preprocessor.fit(table, PLAIN)
    assert preprocessor.reduction is None
    assert preprocessor.inputs == len(COLUMNS)


def test_the_reference_has_no_rhythm(table: FeatureTable) -> None:
    narrow = table.with_columns(COLUMNS[:122])
    preprocessor = Preprocessor.fit(narrow, Recipe(rhythm_components=10))
    assert preprocessor.reduction is None
    assert preprocessor.rhythm == slice(122, 122)


@pytest.mark.parametrize("recipe", [PLAIN, REDUCED])
def test_a_gain_moves_prepared_rows_in_its_direction(table: FeatureTable, recipe: Recipe) -> None:
    preprocessor = Preprocessor.fit(table, recipe)
    louder: FloatArray = table.features.copy()
    louder[:, COLUMNS.index("mfcc1_mean")] += 7.0
    moved = preprocessor.transform(louder) - preprocessor.transform(table.features)
    np.testing.assert_allclose(moved, np.tile(7.0 * preprocessor.gain_direction, (ROWS, 1)), atol=1e-3)
    assert np.count_nonzero(preprocessor.gain_direction) == 1


def test_too_few_windows_for_the_components_are_refused(table: FeatureTable) -> None:
    with pytest.raises(TrainingError, match="at least 10 windows are needed, found 9"):
        Preprocessor.fit(table.where(np.arange(9)), REDUCED)


def test_the_columns_of_a_family_stand_together() -> None:
    assert (COLUMNS[RHYTHM], COLUMNS[MUSICNN], COLUMNS[MN04]) == (RHYTHM_NAMES, MUSICNN_NAMES, MN04_NAMES)
