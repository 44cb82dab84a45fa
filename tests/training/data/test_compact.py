"""A compact table is read as any other, with every number within half a step of what it was."""

from pathlib import Path

import numpy as np
import pandas as pd

from classifier.bundle import columns_of
from classifier.description import FAMILIES, FEATURES, MN04_NAMES
from classifier.features import FEATURE_NAMES
from tests.support.tables import frame
from training.data.compact import read_parquet, write_compact
from training.data.tables import read_tables

COLUMNS = columns_of(FAMILIES)
CONSTANT = MN04_NAMES[6]
STEPPED = list(columns_of(tuple(family for family in FAMILIES if family != FEATURES)))


def table() -> pd.DataFrame:
    """Columns of all sizes; one is constant."""
    data = frame(columns=COLUMNS, seed=2)
    values = data[STEPPED] * np.geomspace(1e-3, 1e3, len(STEPPED), dtype=np.float32)
    rest = data.drop(columns=STEPPED).assign(window=np.arange(len(data)) % 2, origin="x", quality="")
    return pd.concat([rest, values.assign(**{CONSTANT: np.float32(0.1)})], axis=1)


def test_every_number_comes_back_within_half_a_step(tmp_path: Path) -> None:
    before = table()
    write_compact(before, tmp_path / "t.parquet")
    after = read_parquet(tmp_path / "t.parquet")
    values = before[STEPPED].to_numpy(np.float64)
    half_step = np.ptp(values, axis=0) / 255 / 2
    off = np.abs(after[STEPPED].to_numpy(np.float64) - values).max(axis=0)
    assert (off <= half_step * 1.001 + 1e-6 * np.abs(values).max(axis=0)).all()
    assert off.max() > 0.9 * half_step.max()  # it is what was kept, not the numbers themselves
    np.testing.assert_array_equal(after[CONSTANT], before[CONSTANT])
    features = before[list(FEATURE_NAMES)].to_numpy()
    np.testing.assert_array_equal(after[list(FEATURE_NAMES)], features.astype(np.float16))


def test_all_else_comes_back_as_it_was(tmp_path: Path) -> None:
    before = table()
    write_compact(before, tmp_path / "t.parquet")
    after = read_parquet(tmp_path / "t.parquet")
    assert set(after.columns) == set(before.columns)
    for name in ("label", "track", "source", "window", "origin", "quality"):
        assert after[name].tolist() == before[name].tolist()


def test_it_is_a_table_like_any_other_and_small(tmp_path: Path) -> None:
    before = table()
    before.to_parquet(tmp_path / "plain.parquet")
    write_compact(before, tmp_path / "compact.parquet")
    plain, compact = read_tables([tmp_path / "plain.parquet"]), read_tables([tmp_path / "compact.parquet"])
    assert compact.columns == plain.columns == COLUMNS
    assert compact.tracks.tolist() == plain.tracks.tolist()
    np.testing.assert_allclose(compact.features, plain.features, atol=np.ptp(plain.features) / 500)
    sizes = [(tmp_path / name).stat().st_size for name in ("compact.parquet", "plain.parquet")]
    assert sizes[0] < 0.7 * sizes[1]  # of so few rows, the names of the columns are the most


def test_a_table_that_is_not_compact_is_read_as_it_is(tmp_path: Path) -> None:
    before = table()
    before.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "t.parquet"), before)
