"""What is packed is what comes back: the right rows of each table, and few copies."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.bundle import columns_of
from classifier.description import FAMILIES
from classifier.genres import SLUGS
from tests.support.tables import frame, other_frame
from training.cli.main import main
from training.data.shipped import pack, read_shipped
from training.errors import TrainingError

COLUMNS = columns_of(FAMILIES)


def music() -> pd.DataFrame:
    """16 genres, six tracks of two windows each: 'songs' of three origins, 'guide' of one; both kinds of copies."""
    plain = frame(columns=COLUMNS)
    number = plain["track"].str.rpartition("-")[2].astype(int)
    plain = plain.assign(
        window=plain.groupby("track").cumcount(),
        origin=np.where(plain["source"] == "songs", "label" + number.astype(str), "one person"),
        quality=np.where(number == 5, "near", "core"),
        variant="plain",
        bpm=128.0,  # a column that the other tables lack
    )
    return pd.concat([plain, plain.assign(variant="tone"), plain.assign(variant="codec48")], ignore_index=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    music().to_parquet(folder / "music.parquet")
    others = other_frame(columns=COLUMNS).assign(variant="plain", origin="x", source="extracted")
    others = others.assign(window=others.groupby("track").cumcount())
    others.to_parquet(folder / "others.parquet")
    others[:10].assign(label="unknown", track="some").to_parquet(folder / "unlabelled.parquet")
    return folder


def test_each_table_comes_back(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "windows.parquet"
    call = ["pack", "--table", str(folder / "music.parquet"), "--non-edm", str(folder / "others.parquet")]
    call += ["--unlabelled", str(folder / "unlabelled.parquet"), "--keep-near", "phonk", "--out", str(out)]
    assert main(call) == 0
    shipped = read_shipped(out)
    assert (len(shipped.non_edm), set(shipped.non_edm.sources)) == (48, {"speech", "noise"})
    assert shipped.unlabelled is not None
    assert (len(shipped.unlabelled), set(shipped.unlabelled.sources)) == (10, {"unknown"})
    genres = shipped.genres
    assert genres.columns == COLUMNS
    assert genres.has_tracks
    assert set(genres.labels.tolist()) == set(range(16))
    assert set(genres.origins) == {"one person", "label1", "label3", "label5"}
    plain = music().query("variant == 'plain' and (quality != 'near' or label == 'phonk')")
    kept = genres.where(genres.is_plain)
    assert kept.tracks.tolist() == plain["track"].tolist()
    np.testing.assert_allclose(kept.features, plain[list(COLUMNS)], atol=0.05)


def test_near_labels_stay_only_where_they_are_kept(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "windows.parquet"
    pack(folder / "music.parquet", folder / "others.parquet", None, keep_near=frozenset({"phonk"}), out=out)
    genres = read_shipped(out).genres
    assert {SLUGS[label] for label in genres.labels[genres.qualities == "near"]} == {"phonk"}


def test_a_window_keeps_one_copy_and_only_of_a_source_with_several_origins(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "windows.parquet"
    rows = pack(folder / "music.parquet", folder / "others.parquet", None, keep_near=frozenset(), out=out)
    genres = read_shipped(out).genres
    copies = genres.where(~genres.is_plain)
    assert set(copies.sources) == {"songs"}
    pairs = list(zip(copies.tracks.tolist(), copies.windows.tolist(), strict=True))
    songs = genres.where(genres.is_plain & (genres.sources == "songs"))
    assert sorted(pairs) == sorted(zip(songs.tracks.tolist(), songs.windows.tolist(), strict=True))
    assert set(copies.variants[copies.windows == 0]) == {"codec48"}
    assert set(copies.variants[copies.windows == 1]) == {"tone"}
    assert rows == len(genres) + 48


def test_without_unlabelled_music_there_is_none(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "windows.parquet"
    pack(folder / "music.parquet", folder / "others.parquet", None, keep_near=frozenset(), out=out)
    assert read_shipped(out).unlabelled is None


def test_a_file_that_is_something_else_is_named(folder: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.parquet", folder / "music.parquet"):
        with pytest.raises(TrainingError, match=rf"{path.name}: cannot be read as the shipped measurements"):
            read_shipped(path)
