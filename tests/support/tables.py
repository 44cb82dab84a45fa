"""Feature tables made by the tests: separable clouds of points, in the exact shape of the public data set."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

from classifier.features import FEATURE_NAMES
from classifier.genres import SLUGS
from training.data.tables import FeatureTable

PUBLIC_EXTRAS = tuple(f"{row}_{statistic}" for row in ("rms", "bandwidth", "contrast") for statistic in ("mean", "std"))
"""Columns of the public data set that are none of our features."""


def frame(
    *,
    rows_per_genre: int = 12,
    tracks_per_genre: int = 6,
    seed: int = 0,
    spread: float = 0.5,
    columns: tuple[str, ...] = FEATURE_NAMES,
) -> pd.DataFrame:
    """A table in which each genre is a cloud around a centre of its own; columns `track` and `source` included."""
    centres = np.random.default_rng(99).normal(0.0, 1.0, (len(SLUGS), len(columns)))
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(SLUGS)), rows_per_genre)
    features = centres[labels] + random.normal(0.0, spread, (len(labels), len(columns)))
    table = pd.DataFrame(features.astype(np.float32), columns=list(columns))
    numbers = np.tile(np.arange(rows_per_genre) % tracks_per_genre, len(SLUGS))
    return table.assign(
        label=[SLUGS[label] for label in labels],
        track=[f"{SLUGS[label]}-{number}" for label, number in zip(labels, numbers, strict=True)],
        source=np.where(numbers % 2, "songs", "guide"),
    )


def other_frame(*, tracks_per_kind: int = 12, seed: int = 5, columns: tuple[str, ...] = FEATURE_NAMES) -> pd.DataFrame:
    """A table of two kinds of sound that are none of the genres, two windows a track, around centres of their own."""
    random = np.random.default_rng(seed)
    kinds = np.repeat(["speech", "noise"], 2 * tracks_per_kind)
    centres = {"speech": random.normal(0.0, 2.0, len(columns)), "noise": random.normal(0.0, 2.0, len(columns))}
    features = np.stack([centres[kind] + random.normal(0.0, 0.5, len(columns)) for kind in kinds])
    tracks = [f"{kind}-{number // 2}" for number, kind in enumerate(kinds)]
    return pd.DataFrame(features.astype(np.float32), columns=list(columns)).assign(label=kinds, track=tracks)


def hand_made(
    labels: Sequence[str],
    tracks: Sequence[str],
    *,
    sources: Sequence[str] | None = None,
    origins: Sequence[str] | None = None,
    variants: Sequence[str] | None = None,
    windows: Sequence[int] | None = None,
    features: np.ndarray | None = None,
    columns: tuple[str, ...] = FEATURE_NAMES,
) -> FeatureTable:
    """A small table by hand: slugs and tracks row by row; features are zero, all else plain, if not given.

    Windows are numbered in the order of their rows, and every track is an origin of its own, if not given.
    """
    empty = np.array([""] * len(labels))
    if windows is None:
        numbers: defaultdict[str, Iterator[int]] = defaultdict(count)
        windows = [next(numbers[track]) for track in tracks]
    return FeatureTable(
        features=np.zeros((len(labels), len(columns)), np.float32) if features is None else features.astype(np.float32),
        labels=np.array([SLUGS.index(label) for label in labels]),
        tracks=np.array(tracks),
        windows=np.array(windows, np.int64),
        sources=empty if sources is None else np.array(sources),
        origins=np.array(tracks if origins is None else origins),
        splits=empty,
        qualities=empty,
        variants=np.array(["plain"] * len(labels) if variants is None else variants),
        columns=columns,
        has_tracks=True,
    )


def answered(slugs: Sequence[str], confidence: Sequence[float]) -> np.ndarray:
    """Probabilities (n, 16): the given genre with the given confidence, what is left shared by the other 15."""
    rows = np.repeat((1.0 - np.array(confidence))[:, np.newaxis] / (len(SLUGS) - 1), len(SLUGS), axis=1)
    rows[np.arange(len(slugs)), [SLUGS.index(slug) for slug in slugs]] = confidence
    return rows.astype(np.float32)


def write_public_shape(path: Path, *, seed: int, rows_per_genre: int = 12) -> Path:
    """A CSV shaped like `train_data_final.csv`: 130 columns in another order, a row index, no tracks."""
    table = frame(seed=seed, rows_per_genre=rows_per_genre).drop(columns=["track", "source"])
    extras = pd.DataFrame(np.zeros((len(table), len(PUBLIC_EXTRAS))), columns=list(PUBLIC_EXTRAS))
    public = pd.concat([extras, table[["label", *reversed(FEATURE_NAMES)]]], axis=1)
    public.insert(0, "filename", [f"clip{number}.wav" for number in range(len(public))])
    assert public.shape[1] == 130
    public.to_csv(path, index=False)
    return path
