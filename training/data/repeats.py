"""Recordings that stand in the tables twice: under two names (an album and a compilation), or with two labels.

Copies on both sides of a split would be learned by heart and then tested. What is told here is the same sound: windows
whose 122 features agree. A compilation that was cut at other seconds is not found.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from classifier.arrays import FloatArray
from classifier.features import FEATURE_NAMES
from classifier.genres import SLUGS
from training.data.tables import FeatureTable, IntArray
from training.progress import Progress

_SAME = 0.02
"""Windows are the same where no feature differs by more than this share of its standard deviation: the rounding of a
table in half precision, or with three digits, stays below."""

_PROJECTIONS = 8
_NAMED = 5


def without_repeats(table: FeatureTable, *, say: Progress) -> FeatureTable:
    """The table with every recording once: a window that another track has, too, is left out, and what else there is of
    the copy counts as part of the first track. Recordings with two labels are left out: nobody knows which is right.

    `say` gets a line for each of the two, where there are any.
    """
    first, second = _same_windows(table)
    if not len(first):
        return table
    table, first, second = _without_contradictions(table, first, second, say)
    if not len(first):
        return table
    names, first_row, track = np.unique(table.tracks, return_index=True, return_inverse=True)
    links = coo_matrix((np.ones(len(first)), (track[first], track[second])), shape=(len(names), len(names)))
    count, recording = connected_components(links, directed=False)
    representative = np.zeros(count, np.int64)
    for number in np.argsort(first_row)[::-1]:  # the earliest track of each recording comes last, and stays
        representative[recording[number]] = number
    row_of = first_row[representative[recording[track]]]
    kept = np.setdiff1d(np.arange(len(table)), second)
    copies = len(names) - len(representative)
    say(
        f"note: {copies} track{'s' if copies > 1 else ''} of {len(names)} repeat recordings that stand under another "
        f"name, too ({_some(names[np.setdiff1d(np.arange(len(names)), representative)])}): they count once"
    )
    return replace(table, tracks=table.tracks[row_of], origins=table.origins[row_of]).where(kept)


def without_recordings_of(table: FeatureTable, other: FeatureTable, *, say: Progress) -> FeatureTable:
    """The table without the tracks that another one, which is to test it, has too. `say` gets a line for them."""
    shared = tuple(name for name in table.columns if name in other.columns)
    both = table.with_columns(shared).joined(other.with_columns(shared))
    both = replace(both, tracks=np.char.add(np.repeat(["a:", "b:"], [len(table), len(other)]), both.tracks))
    first, second = _same_windows(both)
    across = (first < len(table)) & (second >= len(table))
    repeated = np.unique(table.tracks[first[across]])
    if not len(repeated):
        return table
    say(f"note: {len(repeated)} tracks are in the test tables, too ({_some(repeated)}): they do not train")
    return table.where(~np.isin(table.tracks, repeated))


def _without_contradictions(
    table: FeatureTable, first: IntArray, second: IntArray, say: Progress
) -> tuple[FeatureTable, IntArray, IntArray]:
    differ = table.labels[first] != table.labels[second]
    if not differ.any():
        return table, first, second
    contradicted = np.unique(np.concatenate([table.tracks[first[differ]], table.tracks[second[differ]]]))
    one, other = (
        f"{str(table.tracks[row])!r} ({SLUGS[table.labels[row]]})" for row in (first[differ][0], second[differ][0])
    )
    say(
        f"note: {len(contradicted)} tracks are left out, since the same recording has two labels, for instance "
        f"{one} and {other}"
    )
    table = table.where(~np.isin(table.tracks, contradicted))
    return (table, *_same_windows(table))


def _same_windows(table: FeatureTable) -> tuple[IntArray, IntArray]:
    """Pairs of rows of different tracks that are the same sound, the earlier row first."""
    rows = np.flatnonzero(table.is_plain)
    if len(rows) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = {name: position for position, name in enumerate(table.columns)}
    values = table.features[rows][:, [place[name] for name in FEATURE_NAMES]].astype(np.float64)
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    pairs = _near(values)
    if not len(pairs):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    pairs = pairs[np.abs(values[pairs[:, 0]] - values[pairs[:, 1]]).max(axis=1) <= _SAME]
    pairs = np.sort(rows[pairs], axis=1)
    pairs = pairs[table.tracks[pairs[:, 0]] != table.tracks[pairs[:, 1]]]
    pairs = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]
    return pairs[:, 0], pairs[:, 1]


def _near(values: FloatArray) -> IntArray:
    """Pairs (n, 2) of rows that random projections do not tell apart."""
    directions = np.random.default_rng(0).normal(size=(values.shape[1], _PROJECTIONS)) / np.sqrt(values.shape[1])
    reach = _SAME * np.abs(directions).sum(axis=0).max()
    return KDTree(values @ directions).query_pairs(reach, p=np.inf, output_type="ndarray").astype(np.int64)


def _some(names: Sequence[str] | np.ndarray) -> str:
    shown = ", ".join(map(str, names[:_NAMED]))
    return shown + (", …" if len(names) > _NAMED else "")
