"""What a model listens to: how much it loses when the values of one family of features come from other tracks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.data.tables import FeatureTable, IntArray
from training.evaluate.predictions import Predictions
from training.models.learner import Predictor

REPEATS = 5
_FAMILY = re.compile(r"(?P<family>[a-z][a-z0-9_]*?)_?\d*(_mean|_std)?")


@dataclass(frozen=True, slots=True)
class FamilyImportance:
    """Loss of macro recall over the windows, mean and standard deviation over the repeats; `columns` share the fate."""

    family: str
    columns: int
    drop: float
    spread: float


def family_of(column: str) -> str:
    """The family of a feature: its name without number and statistic, as `mfcc` for `mfcc12_std`."""
    match = _FAMILY.fullmatch(column)
    return match["family"] if match and match["family"] else column


def permutation_importance(
    predictor: Predictor, table: FeatureTable, *, repeats: int = REPEATS, seed: int
) -> tuple[FamilyImportance, ...]:
    """Swap each family's columns together between tracks; the largest loss comes first.

    A window gets the family's values of a window of another track, so that what belongs together within a family
    stays together. A table of a single track has nothing to swap and gives nothing.
    """
    if len(np.unique(table.tracks)) < 2:
        return ()
    families: dict[str, list[int]] = {}
    for position, column in enumerate(table.columns):
        families.setdefault(family_of(column), []).append(position)
    random = np.random.default_rng(seed)
    donors = [donor_rows(table, random) for _ in range(repeats)]
    whole = Predictions.of(predictor.predict(table), table).macro_recall
    results = []
    for family, columns in families.items():
        swapped = [_swapped(table, columns, rows) for rows in donors]
        drops = [whole - Predictions.of(predictor.predict(other), other).macro_recall for other in swapped]
        results.append(FamilyImportance(family, len(columns), float(np.mean(drops)), float(np.std(drops))))
    return tuple(sorted(results, key=lambda result: -result.drop))


def donor_rows(table: FeatureTable, random: np.random.Generator) -> IntArray:
    """For each row the number of a row (n,) of another track; there are at least two.

    The tracks stand in a ring of random order and each gives to the next, so that none gives to itself.
    """
    names, index = np.unique(table.tracks, return_inverse=True)
    sizes = np.bincount(index)
    starts = np.cumsum(sizes) - sizes
    by_track = np.argsort(index, kind="stable")
    ring = random.permutation(len(names))
    giver = np.empty(len(names), np.int64)
    giver[ring] = np.roll(ring, 1)
    chosen = giver[index]
    return np.asarray(by_track[starts[chosen] + random.integers(0, sizes[chosen])], np.int64)


def _swapped(table: FeatureTable, columns: Sequence[int], rows: IntArray) -> FeatureTable:
    features = table.features.copy()
    features[:, columns] = table.features[rows][:, columns]
    return replace(table, features=features)
