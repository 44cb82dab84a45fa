"""Feature tables: read CSV or Parquet, check them, and hand out plain arrays.

The columns are those of the public data set 'EDM Music Genres' (`train_data_final.csv`, `test_data_final.csv`): our
122 feature names are a subset of its 130 columns, `label` holds the genre's slug. Tables that were extracted from audio
have the other families as well (`classifier.description`). Optional columns:

- `track`: windows of one recording; `window`: their numbers in it, by time;
- `source`: a collection of one kind; `origin`: who collected or released a track, since what comes from one origin
  shares ripping, codec and taste;
- `split`: train, validation or test; `quality`: rows marked `near` are of a neighbouring genre, no examples of it;
- `variant`: `plain`, or the name of an altered copy of the same window.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from classifier.arrays import FloatArray
from classifier.bundle import columns_of
from classifier.description import COLUMNS_BY_FAMILY, FAMILIES
from classifier.features import FEATURE_NAMES
from classifier.genres import SLUGS
from training.data.compact import read_parquet
from training.errors import TrainingError

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.str_]

PLAIN = "plain"
NEAR = "near"
SPLITS = ("train", "validation", "test")
_TEXT_COLUMNS = ("label", "track", "source", "origin", "split", "quality", "variant")
_ROW_FIELDS = ("features", "labels", "tracks", "windows", "sources", "origins", "splits", "qualities", "variants")
_LARGEST = 1e9
"""No feature comes near this number, and its square is still one in single precision."""


def _read_csv(path: Path) -> pd.DataFrame:
    """Names stay what they are: to pandas `NA` and `None` would be empty, and 007 a number."""
    return pd.read_csv(path, dtype=dict.fromkeys(_TEXT_COLUMNS, str), keep_default_na=False, low_memory=False)


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {".csv": _read_csv, ".parquet": read_parquet}


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Rows of n windows: `features` (n, columns) float32, `labels` (n,) indices into `SLUGS`, `windows` (n,) their
    numbers in their tracks, the rest (n,) text.

    `columns` names the features, `FEATURE_NAMES` first. `has_tracks` is False where no table named its tracks: every
    row then counts as a track of its own. `origins` is the track where no origin is named.
    """

    features: FloatArray
    labels: IntArray
    tracks: TextArray
    windows: IntArray
    sources: TextArray
    origins: TextArray
    splits: TextArray
    qualities: TextArray
    variants: TextArray
    columns: tuple[str, ...]
    has_tracks: bool

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: BoolArray | IntArray) -> Self:
        """The chosen rows, by mask or by index."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in _ROW_FIELDS})

    def with_columns(self, names: Sequence[str]) -> Self:
        """The same rows with only these columns, in this order.

        Raises `TrainingError` naming those that are missing.
        """
        if tuple(names) == self.columns:
            return self
        place = {name: position for position, name in enumerate(self.columns)}
        if lacking := [name for name in names if name not in place]:
            raise TrainingError(
                f"the tables lack {len(lacking)} columns: {', '.join(lacking[:5])}{' …' if len(lacking) > 5 else ''}. "
                "Extract them from audio with this version; the model 'reference' needs the 122 features alone."
            )
        return replace(self, features=self.features[:, [place[name] for name in names]], columns=tuple(names))

    def joined(self, other: Self) -> Self:
        """The rows of both, with the columns that both have."""
        theirs = frozenset(other.columns)
        shared = tuple(name for name in self.columns if name in theirs)
        first, second = self.with_columns(shared), other.with_columns(shared)
        rows: dict[str, Any] = {
            name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in _ROW_FIELDS
        }
        return replace(first, **rows, has_tracks=self.has_tracks and other.has_tracks)

    @property
    def is_plain(self) -> BoolArray:
        return self.variants == PLAIN

    def fingerprint(self) -> str:
        """SHA-256 (16 hex digits) over features and labels, so that a bundle says which data it was fitted to."""
        digest = hashlib.sha256(np.ascontiguousarray(self.features).tobytes())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()[:16]


def read_tables(paths: Sequence[Path]) -> FeatureTable:
    """Read and join tables; a family of columns that one of them lacks is left out.

    Raises `TrainingError` naming file and column for anything that cannot be trained on.
    """
    return _joined([_read(path, SLUGS) for path in paths])


def read_other_tables(paths: Sequence[Path]) -> FeatureTable:
    """Read tables of sounds that are none of the genres: `label` holds their kind (speech, noise, …), and so does
    `sources`; `labels` are all 0. Raises as `read_tables` does."""
    return _joined([_read(path, None).assign(label=SLUGS[0]) for path in paths])


def check_table_name(path: Path) -> None:
    """Raise `TrainingError` for a file that is neither .csv nor .parquet by its name."""
    if path.suffix.lower() not in _READERS:
        raise TrainingError(f"{path}: a table is a .csv or .parquet file")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a .csv or .parquet file so that a reader sees the old file or the whole new one.

    Raises `TrainingError` where it cannot be written.
    """
    with _replaced(path) as draft:
        if path.suffix.lower() == ".csv":
            frame.to_csv(draft, index=False)
        else:
            frame.to_parquet(draft, index=False)


def write_bytes(content: bytes, path: Path) -> None:
    """The same for a file whose content is there already."""
    with _replaced(path) as draft:
        draft.write_bytes(content)


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """What is written to the path that this gives takes the place of a file when the block ends."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written: {error.strerror}") from error


def _joined(frames: Sequence[pd.DataFrame]) -> FeatureTable:
    families = tuple(family for family in FAMILIES if all(family in frame.attrs["families"] for frame in frames))
    columns = columns_of(families)
    joined = pd.concat([frame[[*columns, "window", *_TEXT_COLUMNS]] for frame in frames], ignore_index=True)
    return FeatureTable(
        features=joined[list(columns)].to_numpy(np.float32),
        labels=np.array([SLUGS.index(label) for label in joined["label"]], np.int64),
        tracks=joined["track"].to_numpy(np.str_),
        windows=joined["window"].to_numpy(np.int64),
        sources=joined["source"].to_numpy(np.str_),
        origins=joined["origin"].to_numpy(np.str_),
        splits=joined["split"].to_numpy(np.str_),
        qualities=joined["quality"].to_numpy(np.str_),
        variants=joined["variant"].to_numpy(np.str_),
        columns=columns,
        has_tracks=all(frame.attrs["has_tracks"] for frame in frames),
    )


def table_of(frame: pd.DataFrame, path: Path, *, kinds: bool = False) -> FeatureTable:
    """A table from rows that are at hand; `kinds`: labels are kinds of other sounds. Raises as `read_tables` does."""
    tidy = _checked(frame, path, None if kinds else SLUGS)
    return _joined([tidy.assign(label=SLUGS[0]) if kinds else tidy])


def _read(path: Path, slugs: Sequence[str] | None) -> pd.DataFrame:
    """One table, checked; `slugs` are the labels it may have, None for any."""
    check_table_name(path)
    try:
        frame = _READERS[path.suffix.lower()](path)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read as a table: {_why(error, path)}") from error
    return _checked(frame, path, slugs)


def _why(error: OSError | ValueError, path: Path) -> str:
    """A reader's reason on one line, without the path that stands in it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).rpartition(f"'{path}': ")[2].splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _checked(frame: pd.DataFrame, path: Path, slugs: Sequence[str] | None) -> pd.DataFrame:
    missing = [name for name in (*FEATURE_NAMES, "label") if name not in frame.columns]
    if missing:
        raise TrainingError(f"{path}: {len(missing)} columns are missing: {', '.join(missing[:5])} …")
    if frame.empty:
        raise TrainingError(f"{path}: the table has no rows")
    families = tuple(family for family in FAMILIES if set(COLUMNS_BY_FAMILY[family]) <= set(frame.columns))
    columns = columns_of(families)
    _check_values(frame, path, columns, slugs)
    stem = path.stem
    named = _texts(frame["track"], "") if "track" in frame else pd.Series("", index=frame.index)
    has_tracks = bool((named != "").any())
    tracks = named.where(named != "", [f"{stem}:{row}" for row in range(len(frame))])
    defaults = {"source": stem, "split": "", "quality": "", "variant": PLAIN}
    texts = {name: _texts(frame[name], value) if name in frame else value for name, value in defaults.items()}
    if slugs is None:
        texts["source"] = _texts(frame["label"], "")
    tidy = frame[list(columns)].copy().assign(label=_texts(frame["label"], ""), track=tracks, **texts)
    tidy["origin"] = _texts(frame["origin"], "") if "origin" in frame else ""
    tidy["origin"] = tidy["origin"].where(tidy["origin"] != "", tidy["track"])
    tidy["window"] = (
        _numbers(frame["window"]).astype(np.int64)
        if "window" in frame
        else tidy.groupby(["track", "variant"]).cumcount()
    )
    tidy.attrs |= {"has_tracks": has_tracks, "families": families}
    return tidy


def _texts(column: "pd.Series[Any]", default: str) -> "pd.Series[str]":
    """A column as text; what is missing or blank gets the default."""
    texts = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    return texts.where(texts != "", default)


def _check_values(frame: pd.DataFrame, path: Path, columns: Sequence[str], slugs: Sequence[str] | None) -> None:
    labels = _texts(frame["label"], "")
    if (labels == "").any():
        raise TrainingError(f"{path}: row {int((labels == '').argmax()) + 1}, column label: is empty")
    unknown = sorted(set(labels) - set(slugs)) if slugs else []
    if unknown:
        raise TrainingError(f"{path}: unknown labels: {', '.join(unknown[:5])}. Known: {', '.join(SLUGS)}")
    for name in columns:
        values = _numbers(frame[name])
        with np.errstate(invalid="ignore"):
            bad = np.flatnonzero(~(np.abs(values) <= _LARGEST))
        if len(bad):
            what = "is no number" if np.isnan(values[bad[0]]) else "is larger than any measurement"
            raise TrainingError(f"{path}: row {bad[0] + 1}, column {name}: {_cell(frame[name], bad[0])} {what}")
    if "window" in frame:
        numbers = _numbers(frame["window"])
        with np.errstate(invalid="ignore"):
            bad = np.flatnonzero(~((np.abs(numbers) <= _LARGEST) & (numbers == np.rint(numbers))))
        if len(bad):
            raise TrainingError(
                f"{path}: row {bad[0] + 1}, column window: {_cell(frame['window'], bad[0])} is no number of a window"
            )
    if "split" in frame:
        unknown_splits = sorted(set(_texts(frame["split"], SPLITS[0])) - set(SPLITS))
        if unknown_splits:
            raise TrainingError(f"{path}: unknown split {unknown_splits[0]!r}. Known: {', '.join(SPLITS)}")


def _numbers(column: "pd.Series[Any]") -> npt.NDArray[np.float64]:
    """A column as numbers; what is none is NaN."""
    return pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)


def _cell(column: "pd.Series[Any]", row: int) -> str:
    """What stands in a cell, shortened."""
    return repr(str(column.iloc[row])[:40])
