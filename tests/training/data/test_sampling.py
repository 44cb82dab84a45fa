"""What is drawn in an epoch: sources balanced, genres in their shares, gain on one feature only."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.features import FEATURE_NAMES
from tests.support.tables import frame
from training.data.sampling import SampledBatches, Sampling, row_probabilities
from training.data.tables import FeatureTable, read_tables
from training.fit.train import class_weights


def batches(table: FeatureTable, sampling: Sampling, *, batch_size: int) -> SampledBatches:
    """Rows as they stand in the table, where a gain moves `mfcc1_mean` alone."""
    direction = np.eye(len(FEATURE_NAMES), dtype=np.float32)[FEATURE_NAMES.index("mfcc1_mean")]
    return SampledBatches(table, table.features, sampling, gain_direction=direction, batch_size=batch_size, seed=3)


@pytest.fixture
def table(tmp_path: Path) -> FeatureTable:
    """House: 10 windows of songs and 2 of guide; all else as it comes; an altered copy of every window."""
    data = frame()
    house = data["label"] == "house"
    data.loc[house, "source"] = ["songs"] * 10 + ["guide"] * 2
    both = pd.concat([data, data.assign(variant="lowpass")])
    both.to_parquet(tmp_path / "t.parquet")
    return read_tables([tmp_path / "t.parquet"])


def shares(table: FeatureTable, sampling: Sampling, rows: np.ndarray) -> float:
    return float(row_probabilities(table, sampling)[rows].sum())


def test_full_balance_makes_the_sources_of_a_genre_equal(table: FeatureTable) -> None:
    house = table.labels == 7
    songs, guide = house & (table.sources == "songs"), house & (table.sources == "guide")
    balanced, raw = Sampling(source_balance=1.0), Sampling(source_balance=0.0)
    assert shares(table, balanced, songs) == pytest.approx(shares(table, balanced, guide))
    assert shares(table, raw, songs) == pytest.approx(5 * shares(table, raw, guide))


def test_a_source_with_a_weight_is_drawn_so_much_more_often(table: FeatureTable) -> None:
    house = table.labels == 7
    songs, guide = house & (table.sources == "songs"), house & (table.sources == "guide")
    weighed = Sampling(source_balance=0.0, source_weights=(("songs", 3.0), ("nowhere", 9.0)))
    assert shares(table, weighed, songs) == pytest.approx(3 * 5 * shares(table, weighed, guide))
    assert shares(table, weighed, house) == pytest.approx(1 / 16)  # of its genre, not more of the genre


def test_genres_keep_their_shares(table: FeatureTable) -> None:
    for sampling in (Sampling(), Sampling(source_balance=1.0, variant_weight=0.0)):
        for label in range(16):
            assert shares(table, sampling, table.labels == label) == pytest.approx(1 / 16)


def test_a_weight_of_zero_is_never_drawn(table: FeatureTable) -> None:
    assert shares(table, Sampling(variant_weight=0.0), ~table.is_plain) == 0.0


def test_every_epoch_is_drawn_anew_and_a_seed_repeats_it(table: FeatureTable) -> None:
    first, second = (batches(table, Sampling(), batch_size=16) for _ in range(2))
    assert len(first) == 12  # as many rows as there are plain windows
    features, genres = first[0]
    assert features.shape == (16, 122)
    assert genres.sum(axis=1).tolist() == [1.0] * 16
    np.testing.assert_array_equal(features, second[0][0])
    first.on_epoch_end()
    assert not np.array_equal(features, first[0][0])


def test_a_gain_touches_mfcc1_mean_only(table: FeatureTable) -> None:
    loud = batches(table, Sampling(gain_db=10.0), batch_size=64)[0][0]
    plain = batches(table, Sampling(gain_db=0.0), batch_size=64)[0][0]
    changed = (loud != plain).any(axis=0)
    assert [name for name, is_changed in zip(FEATURE_NAMES, changed, strict=True) if is_changed] == ["mfcc1_mean"]


def test_full_balance_makes_genres_equal_however_many_windows_they_have(table: FeatureTable) -> None:
    few = table.where((table.labels != 3) | (np.arange(len(table)) % 4 == 0))
    raw, half, even = (shares(few, Sampling(class_balance=balance), few.labels == 3) for balance in (0.0, 0.5, 1.0))
    assert raw == pytest.approx(6 / (6 + 15 * 24))
    assert raw < half < even == pytest.approx(1 / 16)


def test_what_sampling_leaves_uneven_class_weights_make_even(table: FeatureTable) -> None:
    few = table.where((table.labels != 3) | (np.arange(len(table)) % 4 == 0))
    for balance in (0.0, 0.5, 1.0):
        sampling = Sampling(class_balance=balance)
        weights = class_weights(few.labels, sampling)
        drawn = [shares(few, sampling, few.labels == label) * weights[label] for label in range(16)]
        np.testing.assert_allclose(drawn, drawn[0])


def test_mixed_rows_and_genres_have_the_same_shares(table: FeatureTable) -> None:
    """Rows that are their own genre's number show the shares in which they were mixed."""
    told = replace(table, features=np.repeat(table.labels[:, np.newaxis], 122, axis=1).astype(np.float32))
    rows, genres = batches(told, Sampling(gain_db=0.0, mixup=0.4), batch_size=64)[0]
    np.testing.assert_allclose(genres.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(rows[:, 0], genres @ np.arange(16), rtol=1e-4, atol=1e-5)
    own = batches(told, Sampling(gain_db=0.0), batch_size=64)[0][1]  # the same draw, not mixed
    assert (genres[own == 1.0] >= 0.5).all()  # a row keeps the larger share
    assert ((genres > 0.0).sum(axis=1) <= 2).all()
    assert (genres.max(axis=1) < 0.99).any()


def test_without_mixup_every_row_is_of_one_genre(table: FeatureTable) -> None:
    genres = batches(table, Sampling(), batch_size=64)[0][1]
    assert set(np.unique(genres)) == {0.0, 1.0}
