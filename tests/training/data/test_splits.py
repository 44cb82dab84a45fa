"""No track and no origin on two sides; test and validation hold only plain, well labelled windows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.genres import SLUGS
from tests.support.tables import frame, hand_made
from training.data.splits import (
    counts_for_figures,
    fold_groups,
    origin_folds,
    split_for_stopping,
    split_parts,
    track_folds,
)
from training.data.tables import FeatureTable, read_tables
from training.errors import TrainingError


def table_of(data: pd.DataFrame, tmp_path: Path) -> FeatureTable:
    data.to_parquet(tmp_path / "t.parquet")
    return read_tables([tmp_path / "t.parquet"])


def test_tracks_stay_together_and_every_genre_is_tested(tmp_path: Path) -> None:
    parts = split_parts(table_of(frame(), tmp_path), seed=1)
    sides = [set(part.tracks) for part in (parts.train, parts.validation, parts.test)]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    assert sum(map(len, (parts.train, parts.validation, parts.test))) == len(frame())
    assert set(parts.test.labels) == set(range(len(SLUGS)))


def test_the_same_seed_gives_the_same_split(tmp_path: Path) -> None:
    table = table_of(frame(), tmp_path)
    assert set(split_parts(table, seed=1).test.tracks) == set(split_parts(table, seed=1).test.tracks)
    assert set(split_parts(table, seed=1).test.tracks) != set(split_parts(table, seed=2).test.tracks)


def test_altered_copies_only_train_and_follow_their_track(tmp_path: Path) -> None:
    parts = split_parts(table_of(pd.concat([frame(), frame().assign(variant="lowpass")]), tmp_path), seed=1)
    assert parts.test.is_plain.all()
    assert parts.validation.is_plain.all()
    assert not parts.train.is_plain.all()
    assert not set(parts.train.tracks) & set(parts.test.tracks)


def test_near_labels_train_only_where_they_are_wanted(tmp_path: Path) -> None:
    near = frame(seed=5).assign(quality="near")
    near["track"] = "near-" + near["track"]
    table = table_of(pd.concat([frame().assign(quality="core"), near]), tmp_path)
    assert not (split_parts(table, seed=1).train.qualities == "near").any()
    parts = split_parts(table, keep_near=frozenset({"phonk"}), seed=1)
    kept = parts.train.labels[parts.train.qualities == "near"]
    assert set(kept) == {SLUGS.index("phonk")}
    assert not (parts.test.qualities == "near").any()
    assert not (parts.validation.qualities == "near").any()


def test_a_split_column_decides(tmp_path: Path) -> None:
    data = frame()
    number = data["track"].str[-1].astype(int)
    data["split"] = np.select([number == 0, number == 1], ["test", "validation"], "train")
    parts = split_parts(table_of(data, tmp_path), seed=1)
    assert {track[-1] for track in parts.test.tracks} == {"0"}
    assert {track[-1] for track in parts.validation.tracks} == {"1"}


def test_a_track_on_two_sides_is_refused(tmp_path: Path) -> None:
    data = frame()
    data["split"] = np.where(data["track"].duplicated(), "train", "test")
    with pytest.raises(TrainingError, match="lies on two sides"):
        split_parts(table_of(data, tmp_path), seed=1)


def test_a_test_table_with_a_training_track_is_refused(tmp_path: Path) -> None:
    table = table_of(frame(), tmp_path)
    with pytest.raises(TrainingError, match="lies on two sides"):
        split_parts(table, test=table, seed=1)


def test_too_few_tracks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="tracks"):
        split_parts(table_of(frame().assign(track="one"), tmp_path), seed=1)


def test_folds_hold_whole_tracks_and_every_genre(tmp_path: Path) -> None:
    table = table_of(frame(), tmp_path)
    folds = track_folds(table, folds=5, seed=1)
    for track in np.unique(table.tracks):
        assert len(set(folds[table.tracks == track])) == 1
    for number in range(5):
        assert set(table.labels[folds == number]) == set(range(len(SLUGS)))


def test_a_genre_with_few_tracks_is_held_out_all_the_same() -> None:
    table = hand_made(["house"] * 10 + ["trap"] * 2, [f"t{n}" for n in range(12)])
    folds = track_folds(table, folds=5, seed=1)
    assert len(set(folds[table.labels == SLUGS.index("trap")])) == 2


@pytest.mark.parametrize(
    ("labels", "tracks", "message"),
    [
        (
            ["house"] * 4 + ["trap"] * 4,
            list("aabbccdd"),
            "at least 5 tracks of different origins are needed to hold some out, found 4",
        ),
        (["house"] * 4 + ["trap"] * 4, list("abcdefgh"), "at least 5 windows of a genre are needed"),
    ],
)
def test_too_little_for_the_folds_is_refused(labels: list[str], tracks: list[str], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        track_folds(hand_made(labels, tracks), folds=5, seed=1)


def test_tracks_that_stop_the_training_do_not_train(tmp_path: Path) -> None:
    table = table_of(pd.concat([frame(), frame().assign(variant="lowpass")]), tmp_path)
    parts = split_for_stopping(table, seed=1)
    assert not set(parts.train.tracks) & set(parts.validation.tracks)
    assert parts.validation.is_plain.all()
    assert parts.test is parts.validation
    assert len(set(parts.train.tracks) | set(parts.validation.tracks)) == 96


def by_origin(*, tracks: int = 24, per_origin: int = 3) -> FeatureTable:
    """Two genres. Each origin of 'songs' released three tracks of two windows; all of 'guide' comes from one person."""
    slugs, names, sources, origins = [], [], [], []
    for slug in ("house", "techno"):
        for source in ("songs", "guide"):
            for number in range(tracks):
                slugs += [slug] * 2
                names += [f"{source}-{slug}-{number}"] * 2
                sources += [source] * 2
                origins += [f"{slug}-label{number // per_origin}" if source == "songs" else "one person"] * 2
    return hand_made(slugs, names, sources=sources, origins=origins)


def sides_of(groups: np.ndarray, folds: np.ndarray) -> list[int]:
    """In how many folds each group is."""
    return [len(set(folds[groups == group])) for group in np.unique(groups)]


@pytest.mark.parametrize("seed", range(5))
def test_an_origin_is_in_one_fold_only(seed: int) -> None:
    table = by_origin()
    songs = table.sources == "songs"
    folds = origin_folds(table, folds=5, seed=seed)
    assert set(sides_of(table.origins[songs], folds[songs])) == {1}
    assert set(sides_of(table.tracks, folds)) == {1}
    apart = track_folds(table, folds=5, seed=seed)
    assert set(sides_of(table.tracks, apart)) == {1}
    assert max(sides_of(table.origins[songs], apart[songs])) > 1  # what folds by track do not hold together


def test_a_source_with_one_origin_is_dealt_by_track_and_does_not_count() -> None:
    table = by_origin()
    guide = table.sources == "guide"
    folds = origin_folds(table, folds=5, seed=1)
    assert set(folds[guide]) == set(range(5))
    assert set(fold_groups(table)[guide]) == {f"track:{track}" for track in table.tracks[guide]}
    assert set(fold_groups(table)[~guide]) == {f"origin:{origin}" for origin in table.origins[~guide]}
    np.testing.assert_array_equal(counts_for_figures(table), ~guide)


def test_where_every_source_has_one_origin_all_rows_count() -> None:
    table = by_origin()
    guide = table.where(table.sources == "guide")
    assert counts_for_figures(guide).all()


def test_altered_copies_and_near_labels_never_count() -> None:
    table = by_origin()
    variants, qualities = table.variants.astype("<U9"), table.qualities.astype("<U9")
    variants[::2], qualities[1::4] = "tone", "near"
    counted = counts_for_figures(replace(table, variants=variants, qualities=qualities))
    np.testing.assert_array_equal(np.flatnonzero(counted), np.flatnonzero(table.sources == "songs")[3::4])


@pytest.mark.parametrize("seed", range(5))
def test_no_origin_is_on_two_sides_of_a_split(seed: int) -> None:
    parts = split_parts(by_origin(), seed=seed)
    sides = [
        set(part.origins[part.sources == "songs"].tolist()) for part in (parts.train, parts.validation, parts.test)
    ]
    assert all(sides)
    assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])
    assert set(parts.whole.tracks) == set(parts.train.tracks) | set(parts.validation.tracks)


def test_an_origin_that_a_split_column_tears_apart_is_refused() -> None:
    table = by_origin()
    numbers = np.array([int(track.rpartition("-")[2]) for track in table.tracks])
    torn = np.select([numbers == 0, numbers >= 21], ["test", "validation"], "train")  # three tracks are of one origin
    with pytest.raises(TrainingError, match="origin 'house-label0' lies on two sides: train and test"):
        split_parts(replace(table, splits=torn), seed=1)
    whole = np.select([numbers < 3, numbers >= 21], ["test", "validation"], "train")
    parts = split_parts(replace(table, splits=whole), seed=1)
    assert set(parts.test.origins[parts.test.sources == "songs"]) == {"house-label0", "techno-label0"}


def test_a_test_table_of_a_training_origin_is_refused() -> None:
    table = by_origin()
    tested = hand_made(["house"], ["new"], sources=["elsewhere"], origins=["house-label0"])
    with pytest.raises(TrainingError, match="origin 'house-label0' lies on two sides"):
        split_parts(table, test=tested, seed=1)


def test_origins_that_stop_the_training_train_only_the_whole() -> None:
    table = by_origin()
    parts = split_for_stopping(table, folds=4, seed=2)
    songs = parts.train.sources == "songs"
    assert set(parts.validation.sources) == {"songs"}  # what does not count stops nothing
    assert not set(parts.train.origins[songs]) & set(parts.validation.origins)
    assert len(parts.whole) == len(table)
