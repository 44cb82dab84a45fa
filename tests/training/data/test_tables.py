"""Tables are read whole or refused with the file, column and row."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.bundle import columns_of
from classifier.description import FAMILIES
from classifier.features import FEATURE_NAMES
from classifier.genres import SLUGS
from tests.support.tables import frame, other_frame, write_public_shape
from training.data.tables import read_other_tables, read_tables
from training.errors import TrainingError


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


def test_windows_and_origins_are_read(tmp_path: Path) -> None:
    data = frame().assign(window=np.arange(192) * 2, origin=["label a", ""] * 96)
    data.to_csv(tmp_path / "t.csv", index=False)  # an empty cell comes back as a number
    data.to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        table = read_tables([tmp_path / name])
        assert table.windows.tolist() == list(range(0, 384, 2))
        assert table.origins[::2].tolist() == ["label a"] * 96
        assert table.origins[1::2].tolist() == table.tracks[1::2].tolist()


def test_without_numbers_windows_stand_in_the_order_of_their_rows(tmp_path: Path) -> None:
    """A copy has the number of the window it was made from."""
    pd.concat([frame(), frame().assign(variant="tone")]).to_parquet(tmp_path / "t.parquet")
    table = read_tables([tmp_path / "t.parquet"])
    assert table.windows[:12].tolist() == [0] * 6 + [1] * 6  # two windows of each of a genre's six tracks
    np.testing.assert_array_equal(table.windows[~table.is_plain], table.windows[table.is_plain])
    np.testing.assert_array_equal(table.origins, table.tracks)


def test_a_family_that_one_table_lacks_is_left_out(tmp_path: Path) -> None:
    frame(columns=columns_of(("features", "rhythm"))).to_parquet(tmp_path / "two.parquet")
    frame(columns=columns_of(FAMILIES)).to_parquet(tmp_path / "all.parquet")
    assert read_tables([tmp_path / "all.parquet"]).columns == columns_of(FAMILIES)
    assert read_tables([tmp_path / "two.parquet", tmp_path / "all.parquet"]).columns == columns_of(
        ("features", "rhythm")
    )
    frame(columns=columns_of(FAMILIES)[:-1]).to_parquet(tmp_path / "torn.parquet")
    assert read_tables([tmp_path / "torn.parquet"]).columns == columns_of(FAMILIES[:-1])


def test_columns_are_picked_by_name_or_missed_by_name(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "t.parquet")
    table = read_tables([tmp_path / "t.parquet"])
    some = table.with_columns(("mfcc2_std", "mfcc1_mean"))
    assert some.columns == ("mfcc2_std", "mfcc1_mean")
    np.testing.assert_array_equal(some.features[:, 1], table.features[:, FEATURE_NAMES.index("mfcc1_mean")])
    with pytest.raises(TrainingError, match=r"lack 6 columns: rhythm1, rhythm2, rhythm3, rhythm4, rhythm5 …\. Extract"):
        table.with_columns([f"rhythm{number}" for number in range(1, 7)])


def test_other_sounds_have_kinds_instead_of_genres(tmp_path: Path) -> None:
    other_frame().assign(source="somewhere").to_parquet(tmp_path / "a.parquet")
    other_frame().assign(label="house").to_csv(tmp_path / "b.csv", index=False)
    table = read_other_tables([tmp_path / "a.parquet", tmp_path / "b.csv"])
    assert set(table.sources) == {"speech", "noise", "house"}
    assert not table.labels.any()
    assert table.tracks[0] == "speech-0"
    with pytest.raises(TrainingError, match="unknown labels: noise, speech"):
        read_tables([tmp_path / "a.parquet"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns=["mfcc7_std", "label"]), "2 columns are missing: mfcc7_std, label"),
        (lambda t: t.assign(label="polka"), "unknown labels: polka"),
        (lambda t: t.assign(mfcc3_mean=np.nan), "row 1, column mfcc3_mean"),
        (lambda t: t.assign(chroma1_std="loud"), "row 1, column chroma1_std: 'loud' is no number"),
        (lambda t: t.assign(split="maybe"), "unknown split 'maybe'"),
        (lambda t: t.assign(window=0.5), "row 1, column window: '0.5' is no number of a window"),
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


def test_names_stay_what_they_are(tmp_path: Path) -> None:
    """To pandas NA and None would be empty, and 007 a number."""
    names = ["NA", "None", "nan", "007", "null", "1e5"] * 32
    frame().assign(track=names, source="NA", origin="007").to_csv(tmp_path / "t.csv", index=False)
    table = read_tables([tmp_path / "t.csv"])
    assert table.tracks.tolist() == names
    assert (set(table.sources), set(table.origins)) == ({"NA"}, {"007"})


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_row_without_a_track_is_one_of_its_own(tmp_path: Path, blank: str | None, ending: str) -> None:
    data = frame()
    names = data["track"].tolist()
    data["track"] = [blank if row == 5 else name for row, name in enumerate(names)]
    path = tmp_path / f"t{ending}"
    data.to_csv(path, index=False) if ending == ".csv" else data.to_parquet(path)
    table = read_tables([path])
    assert table.has_tracks
    assert table.tracks[5] == "t:5"
    assert np.delete(table.tracks, 5).tolist() == names[:5] + names[6:]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("value", [1e300, 1e39, -1e39, 1e20, float("inf"), float("nan")])
@pytest.mark.parametrize(("row", "column"), [(0, "mfcc3_mean"), (150, "chroma1_std")])
def test_a_number_that_no_measurement_is_is_named(
    tmp_path: Path, row: int, column: str, value: float, ending: str
) -> None:
    data = frame().astype(dict.fromkeys(FEATURE_NAMES, np.float64))
    data.loc[row, column] = value
    path = tmp_path / f"t{ending}"
    data.to_csv(path, index=False) if ending == ".csv" else data.to_parquet(path)
    with pytest.raises(TrainingError, match=rf"t{ending}: row {row + 1}, column {column}: "):
        read_tables([path])


@pytest.mark.parametrize(("column", "value"), [("window", "1.5"), ("window", ""), ("label", ""), ("mfcc3_mean", "x")])
def test_a_cell_that_says_nothing_is_named(tmp_path: Path, column: str, value: str) -> None:
    data = frame().assign(window=range(192)).astype(object)
    data.loc[7, column] = value
    data.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(TrainingError, match=rf"t.csv: row 8, column {column}: "):
        read_tables([tmp_path / "t.csv"])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("gone.csv", None, "No such file or directory"),
        ("empty.csv", b"", "No columns to parse from file"),
        ("text.parquet", b"a letter", "Parquet magic bytes not found"),
        ("folder.csv", "folder", "Is a directory"),
    ],
)
def test_why_a_table_cannot_be_read_is_said_once(
    tmp_path: Path, name: str, content: bytes | str | None, why: str
) -> None:
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(TrainingError) as caught:
        read_tables([path])
    said = str(caught.value)
    assert said.count(str(path)) == 1
    assert len(said.splitlines()) == 1
    assert why in said
