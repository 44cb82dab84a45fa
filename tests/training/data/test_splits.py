"""No track on two sides; test and validation hold only plain, well labelled windows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.genres import SLUGS
from tests.support.tables import frame, hand_made
from training.data.splits import split_for_stopping, split_parts, track_folds
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
        (["house"] * 4 + ["trap"] * 4, list("aabbccdd"), "at least 5 tracks are needed to hold some out, found 4"),
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
