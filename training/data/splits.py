"""Which rows train, which stop the training and which test it. No track is ever on two sides."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from classifier.genres import SLUGS
from training.data.tables import NEAR, BoolArray, FeatureTable, IntArray, TextArray
from training.errors import TrainingError

TEST_FOLDS = 5
VALIDATION_FOLDS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A table's three parts. Validation and test hold only plain, well labelled windows."""

    train: FeatureTable
    validation: FeatureTable
    test: FeatureTable


def split_parts(
    table: FeatureTable, *, test: FeatureTable | None = None, keep_near: frozenset[str] = frozenset(), seed: int
) -> Parts:
    """Split a table by track into train, validation and test.

    A `split` column decides where it speaks; else `test` is the test part if given; else one fold in five, stratified
    by genre. Rows of quality `near` train only, and only for the genres in `keep_near` (slugs).
    Raises `TrainingError` where a track lies on two sides or a part would be empty.
    """
    table = without_near_labels(table, keep_near=keep_near)
    side = _sides(table, needs_test=test is None, seed=seed)
    evaluated = is_evaluable(table)
    parts = Parts(
        train=table.where(side == "train"),
        validation=table.where((side == "validation") & evaluated),
        test=table.where((side == "test") & evaluated) if test is None else test.where(test.qualities != NEAR),
    )
    _refuse_leaks(parts)
    for name, part in (("training", parts.train), ("validation", parts.validation), ("test", parts.test)):
        if not len(part):
            raise TrainingError(f"the {name} part is empty: more tracks are needed")
    return parts


def split_for_stopping(table: FeatureTable, *, folds: int = VALIDATION_FOLDS, seed: int) -> Parts:
    """Hold out tracks of a table that only trains, for stopping and calibration; they stand in as the test part too."""
    held_out = _held_out(table, folds, seed)
    validation = table.where(held_out & is_evaluable(table))
    if not len(validation):
        raise TrainingError("the validation part is empty: more tracks are needed")
    return Parts(train=table.where(~held_out), validation=validation, test=validation)


def without_near_labels(table: FeatureTable, *, keep_near: frozenset[str]) -> FeatureTable:
    """The table without rows of quality `near`, except for the genres in `keep_near` (slugs)."""
    kept_genres = [SLUGS.index(slug) for slug in keep_near]
    return table.where((table.qualities != NEAR) | np.isin(table.labels, kept_genres))


def is_evaluable(table: FeatureTable) -> BoolArray:
    """Rows (n,) a model may be measured on: windows as they were recorded, whose label is the genre."""
    return table.is_plain & (table.qualities != NEAR)


def _sides(table: FeatureTable, *, needs_test: bool, seed: int) -> TextArray:
    side = table.splits.astype("<U10")
    if needs_test and not (side == "test").any():
        free = np.flatnonzero(side == "")
        side[free[_held_out(table.where(free), TEST_FOLDS, seed)]] = "test"
    if not (side == "validation").any():
        free = np.flatnonzero((side == "") | (side == "train"))
        side[free[_held_out(table.where(free), VALIDATION_FOLDS, seed + 1)]] = "validation"
    side[side == ""] = "train"
    return side


def _held_out(table: FeatureTable, folds: int, seed: int) -> BoolArray:
    """The rows (n,) of the first of so many folds."""
    return track_folds(table, folds=folds, seed=seed) == 0


def track_folds(table: FeatureTable, *, folds: int, seed: int) -> IntArray:
    """The fold (n,) each row belongs to: whole tracks, about the same share of each genre in every fold.

    Raises `TrainingError` where there are too few tracks, or in no genre enough windows, for so many folds.
    """
    tracks, largest = len(np.unique(table.tracks)), int(np.bincount(table.labels).max())
    if tracks < folds:
        raise TrainingError(f"at least {folds} tracks are needed to hold some out, found {tracks}")
    if largest < folds:
        raise TrainingError(f"at least {folds} windows of a genre are needed to hold some out, found {largest}")
    numbers = np.zeros(len(table), np.int64)
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A genre with fewer windows than folds cannot be in every fold; its few tracks are still held out once.
        warnings.filterwarnings("ignore", message="The least populated class")
        for number, (_, held_out) in enumerate(folder.split(table.features, table.labels, table.tracks)):
            numbers[held_out] = number
    return numbers


def _refuse_leaks(parts: Parts) -> None:
    named = (("train", parts.train), ("validation", parts.validation), ("test", parts.test))
    for index, (name, part) in enumerate(named):
        for other_name, other in named[index + 1 :]:
            shared = set(part.tracks) & set(other.tracks)
            if shared and part.has_tracks and other.has_tracks:
                raise TrainingError(f"track {min(shared)!r} lies on two sides: {name} and {other_name}")
