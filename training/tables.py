"""Feature tables: read CSV or Parquet, check them, and hand out plain arrays.

The columns are those of the public data set 'EDM Music Genres' (`train_data_final.csv`, `test_data_final.csv`): our
122 feature names are a subset of its 130 columns, `label` holds the genre's slug. Optional columns: `track` (windows
of one recording), `source` (where it came from), `split` (train, validation or test), `quality` (rows marked `near`
are cousins of their genre, not examples of it) and `variant` (`plain`, or the name of an altered copy of the same
window).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from classifier.features import FEATURE_NAMES, FloatArray
from classifier.genres import SLUGS
from training.errors import TrainingError

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.str_]

PLAIN = "plain"
NEAR = "near"
SPLITS = ("train", "validation", "test")
_READABLE: dict[str, Callable[[Path], pd.DataFrame]] = {".csv": pd.read_csv, ".parquet": pd.read_parquet}


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Rows of n windows: `features` (n, columns) float32, `labels` (n,) indices into `SLUGS`, the rest (n,) text.

    `columns` names the features, `FEATURE_NAMES` first. `has_tracks` is False where no table named its tracks: every
    row then counts as a track of its own.
    """

    features: FloatArray
    labels: IntArray
    tracks: TextArray
    sources: TextArray
    splits: TextArray
    qualities: TextArray
    variants: TextArray
    columns: tuple[str, ...]
    has_tracks: bool

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: BoolArray | IntArray) -> Self:
        """The chosen rows, by mask or by index."""
        return type(self)(
            self.features[chosen],
            self.labels[chosen],
            self.tracks[chosen],
            self.sources[chosen],
            self.splits[chosen],
            self.qualities[chosen],
            self.variants[chosen],
            self.columns,
            self.has_tracks,
        )

    @property
    def is_plain(self) -> BoolArray:
        return self.variants == PLAIN

    def fingerprint(self) -> str:
        """SHA-256 (16 hex digits) over features and labels, so that a bundle says which data it was fitted to."""
        digest = hashlib.sha256(np.ascontiguousarray(self.features).tobytes())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()[:16]


def read_tables(paths: Sequence[Path]) -> FeatureTable:
    """Read and join tables. Raises `TrainingError` naming file and column for anything that cannot be trained on."""
    frames = [_read(path) for path in paths]
    joined = pd.concat(frames, ignore_index=True)
    return FeatureTable(
        features=joined[list(FEATURE_NAMES)].to_numpy(np.float32),
        labels=np.array([SLUGS.index(label) for label in joined["label"]], np.int64),
        tracks=joined["track"].to_numpy(np.str_),
        sources=joined["source"].to_numpy(np.str_),
        splits=joined["split"].to_numpy(np.str_),
        qualities=joined["quality"].to_numpy(np.str_),
        variants=joined["variant"].to_numpy(np.str_),
        columns=FEATURE_NAMES,
        has_tracks=all(frame.attrs["has_tracks"] for frame in frames),
    )


def _read(path: Path) -> pd.DataFrame:
    reader = _READABLE.get(path.suffix.lower())
    if reader is None:
        raise TrainingError(f"{path}: a table is a .csv or .parquet file")
    try:
        frame: pd.DataFrame = reader(path)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read as a table: {error}") from error
    missing = [name for name in (*FEATURE_NAMES, "label") if name not in frame.columns]
    if missing:
        raise TrainingError(f"{path}: {len(missing)} columns are missing: {', '.join(missing[:5])} …")
    if frame.empty:
        raise TrainingError(f"{path}: the table has no rows")
    _check_values(frame, path)
    has_tracks = "track" in frame.columns
    stem = path.stem
    defaults = {"source": stem, "split": "", "quality": "", "variant": PLAIN}
    columns = {name: _texts(frame[name], value) if name in frame else value for name, value in defaults.items()}
    tracks = frame["track"].astype(str) if has_tracks else [f"{stem}:{row}" for row in range(len(frame))]
    tidy = frame[[*FEATURE_NAMES, "label"]].copy().assign(track=tracks, **columns)
    tidy.attrs["has_tracks"] = has_tracks
    return tidy


def _texts(column: "pd.Series[str]", default: str) -> "pd.Series[str]":
    """A column as text; a column of empty cells comes back from CSV as NaN numbers."""
    return column.astype(object).where(column.notna(), default).astype(str)


def _check_values(frame: pd.DataFrame, path: Path) -> None:
    unknown = sorted({str(label) for label in frame["label"].unique()} - set(SLUGS))
    if unknown:
        raise TrainingError(f"{path}: unknown labels: {', '.join(unknown[:5])}. Known: {', '.join(SLUGS)}")
    for name in FEATURE_NAMES:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64)
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise TrainingError(f"{path}: row {bad[0] + 1}, column {name}: {frame[name].iloc[bad[0]]!r} is no number")
    if "split" in frame:
        strange = sorted(set(frame["split"].dropna().astype(str)) - set(SPLITS))
        if strange:
            raise TrainingError(f"{path}: unknown split {strange[0]!r}. Known: {', '.join(SPLITS)}")
