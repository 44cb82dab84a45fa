"""Tables are read whole or refused with the file, column and row."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.features import FEATURE_NAMES
from classifier.genres import SLUGS
from tests.support.tables import frame, write_public_shape
from training.errors import TrainingError
from training.tables import read_tables


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    table = frame()
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    csv, parquet = read_tables([tmp_path / "t.csv"]), read_tables([tmp_path / "t.parquet"])
    np.testing.assert_allclose(csv.features, parquet.features, rtol=1e-6)
    assert csv.tracks.tolist() == parquet.tracks.tolist() == table["track"].tolist()
    assert [SLUGS[label] for label in csv.labels] == table["label"].tolist()
    assert csv.has_tracks


def test_the_public_shape_is_read_whatever_the_order_of_its_columns(tmp_path: Path) -> None:
    table = read_tables([write_public_shape(tmp_path / "train_data_final.csv", seed=0)])
    np.testing.assert_allclose(table.features, frame()[list(FEATURE_NAMES)].to_numpy(), rtol=1e-5)
    assert not table.has_tracks
    assert len(set(table.tracks)) == len(table)


def test_several_tables_are_joined(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "plain.parquet")
    frame().assign(variant="lowpass").to_parquet(tmp_path / "low.parquet")
    table = read_tables([tmp_path / "plain.parquet", tmp_path / "low.parquet"])
    assert len(table) == 2 * len(frame())
    assert table.is_plain.sum() == len(frame())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns=["mfcc7_std", "label"]), "2 columns are missing: mfcc7_std, label"),
        (lambda t: t.assign(label="polka"), "unknown labels: polka"),
        (lambda t: t.assign(mfcc3_mean=np.nan), "row 1, column mfcc3_mean"),
        (lambda t: t.assign(chroma1_std="loud"), "row 1, column chroma1_std: 'loud' is no number"),
        (lambda t: t.assign(split="maybe"), "unknown split 'maybe'"),
        (lambda t: t.iloc[:0], "no rows"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str) -> None:
    path = tmp_path / "bad.csv"
    change(frame()).to_csv(path, index=False)
    with pytest.raises(TrainingError, match=message) as caught:
        read_tables([path])
    assert "bad.csv" in str(caught.value)


@pytest.mark.parametrize("name", ["missing.csv", "table.xlsx"])
def test_a_file_that_is_no_table_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError, match=name):
        read_tables([tmp_path / name])


def test_the_fingerprint_follows_the_numbers(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "a.parquet")
    frame(seed=1).to_parquet(tmp_path / "b.parquet")
    first, other = read_tables([tmp_path / "a.parquet"]), read_tables([tmp_path / "b.parquet"])
    assert first.fingerprint() != other.fingerprint()
    assert first.fingerprint() == read_tables([tmp_path / "a.parquet"]).fingerprint()
