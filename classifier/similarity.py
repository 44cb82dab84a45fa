"""How alike two tracks are to the ears of the networks behind a model.

A track is the mean of its windows' standardised embeddings; two are as alike as the cosine between theirs. What that
means is told by how many of all pairs of different tracks are less alike.
"""

from collections.abc import Sequence

import numpy as np

from classifier.arrays import FloatArray
from classifier.description import BACKBONES, COLUMNS_BY_FAMILY, FEATURES
from classifier.model import GenreModel

QUANTILES_AT = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
_WITH_BACKBONES = (
    -0.663, -0.489, -0.380, -0.310, -0.215, -0.141, -0.075, -0.009, 0.060, 0.138, 0.230, 0.357, 0.457, 0.566, 0.641,
    0.714, 0.812, 0.916,
)  # fmt: skip
_WITHOUT = (
    -0.811, -0.571, -0.411, -0.312, -0.186, -0.093, -0.012, 0.063, 0.138, 0.220, 0.315, 0.444, 0.539, 0.632, 0.684,
    0.721, 0.794, 0.894,
)  # fmt: skip
"""Cosines of pairs of songs from different collections at `QUANTILES_AT` (`python -m training similarity`)."""


def similarity(model: GenreModel, first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> float:
    """The share (0 to 1) of all pairs of tracks that are less alike than these two.

    Parameters: the rows of a track's windows, each (columns,), as `GenreModel.describe` gives them. Raises ValueError
    for a track without a window.
    """
    first_track, second_track = (track_embedding(model, np.asarray(rows, np.float32)) for rows in (first, second))
    cosine = cosine_of(first_track, second_track)
    has_backbones = any(name in model.metadata.families for name in BACKBONES)
    return float(np.interp(cosine, _WITH_BACKBONES if has_backbones else _WITHOUT, QUANTILES_AT))


def track_embedding(model: GenreModel, rows: FloatArray) -> FloatArray:
    """The mean of windows (n, columns) → (columns of the embedding,): those of the backbones, else the 122 features."""
    families = [name for name in BACKBONES if name in model.metadata.families] or [FEATURES]
    wanted = {column for family in families for column in COLUMNS_BY_FAMILY[family]}
    chosen = [place for place, column in enumerate(model.columns) if column in wanted]
    return np.asarray(model.metadata.scaler.transform(rows)[:, chosen].mean(axis=0), np.float32)


def cosine_of(first: FloatArray, second: FloatArray) -> float:
    """The cosine of the angle between two vectors; 0 where one of them has no length."""
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length else 0.0
