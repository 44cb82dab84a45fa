"""Tables in little space: the 122 features in half precision, all other numbers in 256 steps between their extremes.

A column's extremes stand in the file's metadata, so `training.data.tables` reads such a file as any other. A step is
about a thirtieth of a column's standard deviation.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from classifier.bundle import columns_of
from classifier.description import FAMILIES, FEATURES
from classifier.features import FEATURE_NAMES

RANGES = b"ranges"
"""The key of the file's metadata under which the extremes stand: JSON, by column, lowest and highest."""

_STEPS = 255
_STEPPED = columns_of(tuple(family for family in FAMILIES if family != FEATURES))


def write_compact(frame: pd.DataFrame, path: Path) -> None:
    """Write a table that has all families of columns as a compact .parquet file."""
    values = frame[list(_STEPPED)].to_numpy(np.float32)
    lowest, highest = values.min(axis=0), values.max(axis=0)
    span = np.where(highest > lowest, highest - lowest, 1.0)
    steps = np.rint((values - lowest) / span * _STEPS).astype(np.uint8)
    rest = [name for name in frame.columns if name not in {*FEATURE_NAMES, *_STEPPED}]
    compact = pd.concat(
        [
            frame[rest].reset_index(drop=True),
            frame[list(FEATURE_NAMES)].astype(np.float16).reset_index(drop=True),
            pd.DataFrame(steps, columns=list(_STEPPED)),
        ],
        axis=1,
    )
    table = pa.Table.from_pandas(compact, preserve_index=False)
    extremes = zip(_STEPPED, lowest.tolist(), (lowest + span).tolist(), strict=True)
    ranges = json.dumps({name: (low, high) for name, low, high in extremes}).encode()
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), RANGES: ranges})
    pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=rest)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a .parquet file, compact or not, with all its numbers as they were before.

    Raises OSError and ValueError as pandas does.
    """
    table = pq.read_table(path)
    frame: pd.DataFrame = table.to_pandas()
    ranges = (table.schema.metadata or {}).get(RANGES)
    if ranges is None:
        return frame
    extremes = json.loads(ranges)
    names = list(extremes)
    low, high = np.array([extremes[name] for name in names], np.float32).T
    values = frame[names].to_numpy(np.float32) / np.float32(_STEPS) * (high - low) + low
    return pd.concat([frame.drop(columns=names), pd.DataFrame(values, columns=names)], axis=1)
