"""A bundle knows its own tables again, and names the columns it misses."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from classifier.bundle import REFERENCE_BUNDLE
from classifier.features import FEATURE_NAMES
from classifier.model import GenreModel
from tests.support.bundles import recorded_bundle
from tests.support.tables import frame, hand_made
from training.bundle.read import Bundle
from training.data.splits import split_parts
from training.data.tables import FeatureTable, read_tables
from training.errors import TrainingError


@pytest.fixture
def table(tmp_path: Path) -> FeatureTable:
    data = pd.concat([frame(), frame().assign(variant="lowpass")])
    data.to_parquet(tmp_path / "own.parquet")
    return read_tables([tmp_path / "own.parquet"])


def bundle_of(table: FeatureTable, folder: Path, *, seed: int = 1) -> Bundle:
    return Bundle.open(recorded_bundle(folder / "own", split_parts(table, seed=seed), seed=seed))


def test_the_test_part_is_found_again(table: FeatureTable, tmp_path: Path) -> None:
    parts = bundle_of(table, tmp_path, seed=3).own_test_part(table)
    assert set(parts.test.tracks) == set(split_parts(table, seed=3).test.tracks)


def test_tables_of_another_fit_have_no_test_part(table: FeatureTable, tmp_path: Path) -> None:
    bundle = bundle_of(table, tmp_path)
    with pytest.raises(TrainingError, match="do not give its test part"):
        bundle.own_test_part(replace(table, features=table.features + 1))


def test_a_table_it_learned_from_is_warned_of(table: FeatureTable, tmp_path: Path) -> None:
    bundle = bundle_of(table, tmp_path)
    parts = split_parts(table, seed=1)
    learned = len(set(parts.train.tracks) | set(parts.validation.tracks))
    # 192 plain windows are evaluated, two of each of the 96 tracks.
    assert f"{2 * learned} of the 192 windows" in (bundle.warning(table) or "")


def test_its_test_part_and_unknown_tables_are_not(table: FeatureTable, tmp_path: Path) -> None:
    bundle = bundle_of(table, tmp_path)
    assert bundle.warning(split_parts(table, seed=1).test) is None
    assert bundle.warning(replace(table, features=table.features + 1)) is None


def test_the_training_table_of_a_fit_with_a_test_table_is_known(table: FeatureTable, tmp_path: Path) -> None:
    names = np.char.add("other-", table.tracks)
    other = replace(table, tracks=names, origins=names, features=table.features + 1)
    parts = split_parts(table, test=other.where(other.is_plain), seed=1)
    bundle = Bundle.open(recorded_bundle(tmp_path / "own", parts))
    assert "192 of the 192 windows" in (bundle.warning(table) or "")
    assert bundle.warning(other) is None


def test_missing_columns_are_named() -> None:
    """A model with a column that only newer tables have."""
    metadata = SimpleNamespace(columns=(*FEATURE_NAMES, "rhythm1", "rhythm2"), model_version="newer-2.0.0")
    bundle = Bundle(cast(GenreModel, SimpleNamespace(metadata=metadata, predict=None)))
    with pytest.raises(TrainingError, match=r"newer-2.0.0: the tables lack 2 columns: rhythm1, rhythm2\."):
        bundle.predict(hand_made(["house"], ["a"]))


def test_columns_are_found_by_name() -> None:
    """A table with more columns in another order gives the same answers."""
    features = np.random.default_rng(0).normal(size=(5, len(FEATURE_NAMES)))
    own = hand_made(["house"] * 5, list("abcde"), features=features)
    wide: Any = np.hstack([np.ones((5, 1)), features[:, ::-1]])
    wider = hand_made(["house"] * 5, list("abcde"), features=wide, columns=("rhythm1", *reversed(FEATURE_NAMES)))
    bundle = Bundle.open(REFERENCE_BUNDLE)
    np.testing.assert_array_equal(bundle.predict(own), bundle.predict(wider))
