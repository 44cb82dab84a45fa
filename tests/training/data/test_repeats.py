"""A recording that stands in the tables twice counts once, and is on one side of every split."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.features import FEATURE_NAMES
from tests.support.tables import frame
from training.data.repeats import without_recordings_of, without_repeats
from training.data.shipped import read_shipped
from training.data.tables import FeatureTable, table_of


def table(rows: pd.DataFrame) -> FeatureTable:
    return table_of(rows, Path("table.csv"))


@pytest.fixture
def said() -> list[str]:
    return []


def renamed(rows: pd.DataFrame, prefix: str, **columns: object) -> pd.DataFrame:
    return rows.assign(track=[prefix + track for track in rows["track"]], **columns)


def rounded_to_half(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{name: rows[name].astype(np.float16).astype(np.float32) for name in FEATURE_NAMES})


@pytest.mark.parametrize("copied", [lambda rows: rows, rounded_to_half], ids=["exact", "in half precision"])
def test_a_copy_under_another_name_counts_once(copied: object, said: list[str]) -> None:
    rows = frame()
    both = table(pd.concat([rows, renamed(copied(rows), "best of ")]))  # type: ignore[operator]
    once = without_repeats(both, say=said.append)
    assert (len(once), set(once.tracks)) == (len(rows), set(rows["track"]))
    assert len(said) == 1
    assert said[0].startswith("note: 96 tracks of 192 repeat recordings")


def test_what_else_there_is_of_a_copy_belongs_to_the_first(said: list[str]) -> None:
    """The compilation has one window of the album's and one of its own: they may not be torn apart."""
    rows = frame().assign(origin="album")
    first, other = rows[rows["track"] == "house-0"], rows[rows["track"] == "house-1"]
    more = pd.concat([first.iloc[:1], other.iloc[:1]])
    once = without_repeats(
        table(pd.concat([first, renamed(more, "x").assign(track="best of", origin="compilation")])), say=said.append
    )
    assert len(once) == len(first) + 1
    assert set(once.tracks) == {"house-0"}
    assert set(once.origins) == {"album"}


def test_a_recording_with_two_labels_is_left_out_and_named(said: list[str]) -> None:
    rows = frame()
    other = renamed(rows[rows["track"] == "house-0"], "again ").assign(label="techno")
    once = without_repeats(table(pd.concat([rows, other])), say=said.append)
    assert set(rows["track"]) - set(once.tracks) == {"house-0"}
    assert len(said) == 1
    assert "'house-0' (house)" in said[0]
    assert "'again house-0' (techno)" in said[0]


def test_what_is_alike_but_not_the_same_stays(said: list[str]) -> None:
    rows = frame(spread=0.1)
    assert len(without_repeats(table(rows), say=said.append)) == len(rows)
    assert said == []


def test_altered_copies_are_no_repeats(said: list[str]) -> None:
    rows = pd.concat([frame(), frame().assign(variant="tone")])
    assert len(without_repeats(table(rows), say=said.append)) == len(rows)
    assert said == []


def test_what_is_to_test_does_not_train(said: list[str]) -> None:
    rows = frame()
    tested = renamed(rows[rows["track"].isin(["house-0", "techno-3"])], "other ")
    left = without_recordings_of(table(rows), table(tested), say=said.append)
    assert set(rows["track"]) - set(left.tracks) == {"house-0", "techno-3"}
    assert said == ["note: 2 tracks are in the test tables, too (house-0, techno-3): they do not train"]


def test_the_shipped_measurements_repeat_nothing() -> None:
    """So that the folds of the shipped bundles stay what they are."""
    shipped = read_shipped().genres
    said: list[str] = []
    assert without_repeats(shipped, say=said.append) is shipped
    assert said == []
