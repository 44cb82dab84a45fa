"""Which rows train, which stop the training and which test it. No track is ever on two sides, and no origin.

Songs of one origin share ripping, codec and taste, and folds by track flatter: they have the same origin on both sides.
Where all of a source has one origin, only its tracks can be held apart, and its rows say nothing about new music: they
train, but the main figures leave them out.
"""

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
    whole: FeatureTable
    """All rows that may train once it is known when to stop."""


def split_parts(
    table: FeatureTable, *, test: FeatureTable | None = None, keep_near: frozenset[str] = frozenset(), seed: int
) -> Parts:
    """Split a table by origin into train, validation and test.

    A `split` column decides where it speaks; else `test` is the test part if given; else one fold in five, stratified
    by genre. Rows of quality `near` train only, and only for the genres in `keep_near` (slugs).
    Raises `TrainingError` where a track or an origin lies on two sides, or a part would be empty.
    """
    table = trainable(without_near_labels(table, keep_near=keep_near))
    side = _sides(table, needs_test=test is None, seed=seed)
    evaluated = is_evaluable(table)
    parts = Parts(
        train=table.where(side == "train"),
        validation=table.where((side == "validation") & evaluated),
        test=table.where((side == "test") & evaluated) if test is None else test.where(test.qualities != NEAR),
        whole=table.where(side != "test"),
    )
    several = _has_origins(table)
    _refuse_leaks(parts, origins=set(table.origins[several].tolist()) - set(table.origins[~several].tolist()))
    for name, part in (("training", parts.train), ("validation", parts.validation), ("test", parts.test)):
        if not len(part):
            raise TrainingError(f"the {name} part is empty: more tracks are needed")
    return parts


def split_for_stopping(table: FeatureTable, *, folds: int = VALIDATION_FOLDS, seed: int) -> Parts:
    """Hold out tracks of a table that only trains, for stopping and calibration; they stand in as the test part too."""
    held_out = _held_out(table, folds, seed)
    counted = held_out & counts_for_figures(table)
    validation = table.where(counted if counted.any() else held_out & is_evaluable(table))
    if not len(validation):
        raise TrainingError("the validation part is empty: more tracks are needed")
    return Parts(train=table.where(~held_out), validation=validation, test=validation, whole=table)


def without_near_labels(table: FeatureTable, *, keep_near: frozenset[str]) -> FeatureTable:
    """The table without rows of quality `near`, except for the genres in `keep_near` (slugs)."""
    kept_genres = [SLUGS.index(slug) for slug in keep_near]
    return table.where((table.qualities != NEAR) | np.isin(table.labels, kept_genres))


def trainable(table: FeatureTable) -> FeatureTable:
    """The table itself. Raises `TrainingError` where nothing can be learned from it."""
    if not len(table):
        raise TrainingError("no rows are left to train on: all are of quality 'near'")
    if len(np.unique(table.labels)) < 2:
        raise TrainingError(f"all rows are {SLUGS[table.labels[0]]}: at least two genres are needed")
    return table


def is_evaluable(table: FeatureTable) -> BoolArray:
    """Rows (n,) a model may be measured on: windows as they were recorded, whose label is the genre."""
    return table.is_plain & (table.qualities != NEAR)


def fold_groups(table: FeatureTable) -> TextArray:
    """What may not be torn apart, row by row (n,): the origin; the track where all of its source has one origin."""
    groups = np.where(_has_origins(table), np.char.add("origin:", table.origins), np.char.add("track:", table.tracks))
    return np.asarray(groups, np.str_)


def counts_for_figures(table: FeatureTable) -> BoolArray:
    """Rows (n,) that the main figures are taken over: evaluable, and of sources with several origins.

    Where no source has several, every evaluable row counts.
    """
    evaluable, several = is_evaluable(table), _has_origins(table)
    return evaluable & several if (evaluable & several).any() else evaluable


def _has_origins(table: FeatureTable) -> BoolArray:
    """Rows (n,) of sources whose tracks come from more than one origin."""
    several = [s for s in np.unique(table.sources) if len(np.unique(table.origins[table.sources == s])) > 1]
    return np.isin(table.sources, several)


def _sides(table: FeatureTable, *, needs_test: bool, seed: int) -> TextArray:
    side = table.splits.astype("<U10")
    if needs_test and not (side == "test").any():
        free = np.flatnonzero(side == "")
        if not len(free):
            raise TrainingError("the column 'split' leaves no rows to test on: name some, or leave its cells empty")
        side[free[_held_out(table.where(free), TEST_FOLDS, seed)]] = "test"
    if not (side == "validation").any():
        free = np.flatnonzero((side == "") | (side == "train"))
        if not len(free):
            raise TrainingError("the column 'split' leaves no rows to train on")
        side[free[_held_out(table.where(free), VALIDATION_FOLDS, seed + 1)]] = "validation"
    side[side == ""] = "train"
    return side


def _held_out(table: FeatureTable, folds: int, seed: int) -> BoolArray:
    """The rows (n,) of the first of so many folds."""
    return origin_folds(table, folds=folds, seed=seed) == 0


def origin_folds(table: FeatureTable, *, folds: int, seed: int) -> IntArray:
    """The fold (n,) each row belongs to: whole origins (see `fold_groups`), about the same share of each genre in all.

    Raises `TrainingError` where there are too few, or in no genre enough windows, for so many folds.
    """
    return _folds(table, fold_groups(table), folds=folds, seed=seed)


def track_folds(table: FeatureTable, *, folds: int, seed: int) -> IntArray:
    """As `origin_folds`, but only tracks are kept whole: figures in such folds flatter."""
    return _folds(table, table.tracks, folds=folds, seed=seed)


def _folds(table: FeatureTable, groups: TextArray, *, folds: int, seed: int) -> IntArray:
    count, largest = len(np.unique(groups)), int(np.bincount(table.labels).max())
    if count < folds:
        raise TrainingError(f"at least {folds} tracks of different origins are needed to hold some out, found {count}")
    if largest < folds:
        raise TrainingError(f"at least {folds} windows of a genre are needed to hold some out, found {largest}")
    numbers = np.zeros(len(table), np.int64)
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A genre with fewer windows than folds cannot be in every fold; its few tracks are still held out once.
        warnings.filterwarnings("ignore", message="The least populated class")
        for number, (_, held_out) in enumerate(folder.split(table.features, table.labels, groups)):
            numbers[held_out] = number
    return numbers


def _refuse_leaks(parts: Parts, *, origins: set[str]) -> None:
    """Compare all pairs of parts; `origins` are those that have to stay together."""
    named = (("train", parts.train), ("validation", parts.validation), ("test", parts.test))
    for index, (name, part) in enumerate(named):
        for other_name, other in named[index + 1 :]:
            if not (part.has_tracks and other.has_tracks):
                continue
            for what, shared in (
                ("track", set(part.tracks.tolist()) & set(other.tracks.tolist())),
                ("origin", set(part.origins.tolist()) & set(other.origins.tolist()) & origins),
            ):
                if shared:
                    raise TrainingError(f"{what} {min(shared)!r} lies on two sides: {name} and {other_name}")
