"""What the network sees in each epoch: rows drawn anew, so that no source and no loudness gives a genre away."""

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from classifier.bundle import Scaler
from classifier.features import FEATURE_NAMES, SPEC, FloatArray
from classifier.genres import SLUGS
from training.tables import NEAR, PLAIN, FeatureTable

_MFCC1_MEAN = FEATURE_NAMES.index("mfcc1_mean")
MFCC1_PER_DB = math.sqrt(SPEC.n_mels)
"""A gain of 1 dB adds this to `mfcc1_mean` (the first row of an orthonormal DCT-II over 128 mel bands)."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How rows are drawn; a bundle's metadata records it."""

    source_balance: float = 0.5
    """0: every window as often as it is there; 1: every source of a genre equally often."""
    near_weight: float = 0.3
    variant_weight: float = 0.5
    gain_db: float = 4.0
    """Standard deviation of a random gain."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def row_probabilities(table: FeatureTable, sampling: Sampling) -> npt.NDArray[np.float64]:
    """Probability (n,) of each row to be drawn. The genres keep their shares: class weights deal with those."""
    pairs = list(zip(table.labels.tolist(), table.sources.tolist(), strict=True))
    sizes = Counter(pairs)
    weights = np.array([float(sizes[pair]) ** -sampling.source_balance for pair in pairs])
    weights *= np.where(table.qualities == NEAR, sampling.near_weight, 1.0)
    weights *= np.where(table.variants == PLAIN, 1.0, sampling.variant_weight)
    for label in np.unique(table.labels):
        rows = table.labels == label
        weights[rows] *= rows.sum() / weights[rows].sum()
    return weights / weights.sum()


class SampledBatches(keras.utils.PyDataset):
    """Batches of standardised features (batch, 122) and one-hot genres (batch, 16), drawn anew for every epoch."""

    def __init__(self, table: FeatureTable, scaler: Scaler, sampling: Sampling, *, batch_size: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._table, self._scaler, self._sampling = table, scaler, sampling
        self._probabilities = row_probabilities(table, sampling)
        self._batch_size = batch_size
        self._random = np.random.default_rng(seed)
        self._draw()

    def __len__(self) -> int:
        return max(1, math.ceil(int(self._table.is_plain.sum()) / self._batch_size))

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        chosen = slice(index * self._batch_size, (index + 1) * self._batch_size)
        rows = self._rows[chosen]
        features = self._table.features[rows].copy()
        features[:, _MFCC1_MEAN] += self._gains_db[chosen] * MFCC1_PER_DB
        return self._scaler.transform(features), one_hot(self._table.labels[rows])

    def on_epoch_end(self) -> None:
        self._draw()

    def _draw(self) -> None:
        count = len(self) * self._batch_size
        self._rows = self._random.choice(len(self._table), count, p=self._probabilities)
        self._gains_db = self._random.normal(0.0, self._sampling.gain_db, count).astype(np.float32)


def one_hot(labels: npt.NDArray[np.int64]) -> FloatArray:
    """Indices (n,) → (n, 16) float32."""
    return np.eye(len(SLUGS), dtype=np.float32)[labels]
