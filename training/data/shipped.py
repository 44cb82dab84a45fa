"""The measurements that the shipped bundles are fitted to: one compact file, so that anybody can make them again."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from training.data.compact import read_parquet, write_compact
from training.data.tables import NEAR, PLAIN, FeatureTable, table_of
from training.errors import TrainingError

SHIPPED_TABLE = Path(__file__).parents[1] / "measurements" / "windows.parquet"

_PART = "part"
_GENRES, _NON_EDM, _UNLABELLED = "genres", "non_edm", "unlabelled"


@dataclass(frozen=True, slots=True, eq=False)
class ShippedTables:
    """Windows of the genres, of sounds that are none of them, and of electronic music of unknown genre."""

    genres: FeatureTable
    non_edm: FeatureTable
    unlabelled: FeatureTable | None


def read_shipped(path: Path = SHIPPED_TABLE) -> ShippedTables:
    """Read the file. Raises `TrainingError` where it is not there or not whole."""
    try:
        frame = read_parquet(path)
        parts = {name: rows.drop(columns=_PART).reset_index(drop=True) for name, rows in frame.groupby(_PART)}
        return ShippedTables(
            genres=table_of(parts[_GENRES], path),
            non_edm=table_of(parts[_NON_EDM], path, kinds=True),
            unlabelled=table_of(parts[_UNLABELLED], path, kinds=True) if _UNLABELLED in parts else None,
        )
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: cannot be read as the shipped measurements: {error}") from error


def pack(table: Path, non_edm: Path, unlabelled: Path | None, *, keep_near: frozenset[str], out: Path) -> int:
    """Write the file from whole tables; returns its number of rows.

    Near labels stay only for the genres in `keep_near` (slugs). Of the altered copies each window of a source with
    several origins keeps one, in turn of one kind and the other: more would not fit.
    """
    frame = pd.read_parquet(table)
    frame = frame[(frame["quality"] != NEAR) | frame["label"].isin(keep_near)]
    origins = frame.groupby("source")["origin"].transform("nunique")
    variants = sorted(set(frame["variant"]) - {PLAIN})
    turn = frame["window"] % len(variants) if variants else 0
    chosen = frame["variant"] == PLAIN
    for number, variant in enumerate(variants):
        chosen |= (frame["variant"] == variant) & (origins > 1) & (turn == number)
    parts = [frame[chosen].assign(part=_GENRES)]
    for path, name in ((non_edm, _NON_EDM), (unlabelled, _UNLABELLED)):
        if path:
            parts.append(pd.read_parquet(path).assign(part=name, quality=""))
    whole = pd.concat(parts, ignore_index=True, join="inner")
    write_compact(whole, out)
    return len(whole)
