"""What happens to a row before the network: standardised, and its rhythm reduced to principal components.

Fitted without labels, once for all networks of a bundle; travels as plain numbers.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from classifier.arrays import FloatArray
from classifier.bundle import Scaler
from classifier.description import MN04_NAMES, MUSICNN_NAMES
from classifier.rhythm import RHYTHM_NAMES
from training.data.tables import FeatureTable
from training.errors import TrainingError
from training.models.recipes import Recipe

EMBEDDING_SPREAD = 2.0
"""Root mean square of a standardised embedding value: principal components keep their proportions to each other."""


@dataclass(frozen=True)
class Preprocessor:
    """`transform` maps rows (n, columns) to what the networks read, (n, inputs).

    `reduction` (rhythm columns, components) is applied to the standardised rhythm; None leaves it as it is.
    """

    columns: tuple[str, ...]
    scaler: Scaler
    reduction: FloatArray | None

    @classmethod
    def fit(cls, table: FeatureTable, recipe: Recipe) -> Self:
        """Fit to all rows of a table that has the recipe's columns.

        Raises `TrainingError` for fewer rows than the rhythm is to have components.
        """
        if len(table) < recipe.rhythm_components:
            raise TrainingError(f"at least {recipe.rhythm_components} windows are needed, found {len(table)}")
        found = StandardScaler().fit(table.features.astype(np.float64))
        scale = found.scale_.copy()
        for names in (MUSICNN_NAMES, MN04_NAMES):
            embedded = np.isin(table.columns, names)
            if embedded.any():
                scale[embedded] = np.sqrt((scale[embedded] ** 2).mean()) / EMBEDDING_SPREAD
        scaler = Scaler(mean=tuple(found.mean_.tolist()), scale=tuple(scale.tolist()))
        rhythm = _rhythm_of(table.columns)
        reduction = None
        if recipe.rhythm_components and rhythm.stop > rhythm.start:
            fitted = PCA(recipe.rhythm_components, random_state=0).fit(scaler.transform(table.features)[:, rhythm])
            reduction = fitted.components_.T.astype(np.float16).astype(np.float32)  # as a bundle keeps it
        return cls(table.columns, scaler, reduction)

    @cached_property
    def rhythm(self) -> slice:
        """Where the rhythm's columns stand; empty where there are none."""
        return _rhythm_of(self.columns)

    @property
    def inputs(self) -> int:
        """How many numbers the networks read."""
        saved = 0 if self.reduction is None else self.reduction.shape[0] - self.reduction.shape[1]
        return len(self.columns) - saved

    @cached_property
    def gain_direction(self) -> FloatArray:
        """What one unit more of `mfcc1_mean` changes in the prepared rows, (inputs,)."""
        direction = np.zeros(len(self.columns), np.float32)
        place = self.columns.index("mfcc1_mean")
        direction[place] = 1.0 / self.scaler.scale[place]
        return self.reduced(direction[np.newaxis])[0]

    def transform(self, rows: FloatArray) -> FloatArray:
        """Rows (n, columns) as `describe` gives them → (n, inputs)."""
        return self.reduced(self.scaler.transform(rows))

    def reduced(self, standardised: FloatArray) -> FloatArray:
        """Standardised rows (n, columns) → (n, inputs)."""
        if self.reduction is None:
            return standardised
        rhythm = standardised[:, self.rhythm] @ self.reduction
        return np.hstack([standardised[:, : self.rhythm.start], rhythm, standardised[:, self.rhythm.stop :]])


def _rhythm_of(columns: tuple[str, ...]) -> slice:
    if RHYTHM_NAMES[0] not in columns:
        return slice(len(columns), len(columns))
    start = columns.index(RHYTHM_NAMES[0])
    return slice(start, start + len(RHYTHM_NAMES))
