"""What the network sees in each epoch: rows drawn anew, so that no source and no loudness gives a genre away."""

import math
from collections import Counter
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict

from classifier.arrays import FloatArray
from classifier.features import SPEC
from classifier.genres import SLUGS
from training.data.tables import NEAR, PLAIN, FeatureTable

MFCC1_PER_DB = math.sqrt(SPEC.n_mels)
"""A gain of 1 dB adds this to `mfcc1_mean` (the first row of an orthonormal DCT-II over 128 mel bands)."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How rows are drawn; a bundle's metadata records it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    source_balance: float = 0.5
    """0: every window as often as it is there; 1: every source of a genre equally often."""
    class_balance: float = 0.0
    """0: every genre as often as it is there, and class weights make up for it; 1: every genre equally often."""
    source_weights: tuple[tuple[str, float], ...] = ()
    """Sources whose rows are drawn more often than they are there, and how much."""
    near_weight: float = 0.3
    variant_weight: float = 0.5
    gain_db: float = 4.0
    """Standard deviation of a random gain; it changes nothing but `mfcc1_mean`."""
    mixup: float = 0.0
    """Rows are mixed in pairs, with shares from a beta distribution of this parameter (Zhang et al. 2018); 0: not."""


REFERENCE_SAMPLING = Sampling()
DEFAULT_SAMPLING = Sampling(source_balance=0.0, class_balance=1.0, source_weights=(("songs", 3.0),), mixup=0.4)


def row_probabilities(table: FeatureTable, sampling: Sampling) -> npt.NDArray[np.float64]:
    """Probability (n,) of each row to be drawn. What `class_balance` leaves uneven, class weights deal with."""
    pairs = list(zip(table.labels.tolist(), table.sources.tolist(), strict=True))
    sizes = Counter(pairs)
    weights = np.array([float(sizes[pair]) ** -sampling.source_balance for pair in pairs])
    for source, weight in sampling.source_weights:
        weights[table.sources == source] *= weight
    weights *= np.where(table.qualities == NEAR, sampling.near_weight, 1.0)
    weights *= np.where(table.variants == PLAIN, 1.0, sampling.variant_weight)
    for label in np.unique(table.labels):
        rows = table.labels == label
        weights[rows] *= rows.sum() ** (1.0 - sampling.class_balance) / weights[rows].sum()
    return weights / weights.sum()


class SampledBatches(keras.utils.PyDataset):
    """Batches of rows (batch, inputs) and genres (batch, 16), drawn anew for every epoch.

    Genres are one-hot, or shares of two where rows are mixed.
    """

    def __init__(
        self,
        table: FeatureTable,
        inputs: FloatArray,
        sampling: Sampling,
        *,
        gain_direction: FloatArray,
        batch_size: int,
        seed: int,
    ) -> None:
        """`inputs` (n, inputs) are the table's rows as the network reads them, `gain_direction` (inputs,) is what one
        unit more of `mfcc1_mean` changes in them."""
        super().__init__(workers=1, use_multiprocessing=False)
        self._sampling = sampling
        self._rows = inputs
        self._gain = gain_direction * MFCC1_PER_DB
        self._genres = one_hot(table.labels)
        self._probabilities = row_probabilities(table, sampling)
        self._count = max(1, math.ceil(int(table.is_plain.sum()) / batch_size))
        self._batch_size = batch_size
        self._random = np.random.default_rng(seed)
        self._draw()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        chosen = slice(index * self._batch_size, (index + 1) * self._batch_size)
        numbers = self._drawn[chosen]
        rows = self._rows[numbers] + self._gains_db[chosen, np.newaxis] * self._gain
        genres = self._genres[numbers]
        if self._sampling.mixup:
            share = self._shares[chosen, np.newaxis]
            rows, genres = _mixed(rows, share), _mixed(genres, share)
        return rows, genres

    def on_epoch_end(self) -> None:
        self._draw()

    def _draw(self) -> None:
        count = self._count * self._batch_size
        self._drawn = self._random.choice(len(self._rows), count, p=self._probabilities)
        self._gains_db = self._random.normal(0.0, self._sampling.gain_db, count).astype(np.float32)
        if self._sampling.mixup:
            drawn = self._random.beta(self._sampling.mixup, self._sampling.mixup, count)
            self._shares = np.maximum(drawn, 1.0 - drawn).astype(np.float32)


def _mixed(values: FloatArray, share: FloatArray) -> FloatArray:
    """Each value with what is left of the one before it; the rows of a batch stand in random order."""
    return values * share + np.roll(values, 1, axis=0) * (1.0 - share)


def one_hot(labels: npt.NDArray[np.int64]) -> FloatArray:
    """Indices (n,) → (n, 16) float32."""
    return np.eye(len(SLUGS), dtype=np.float32)[labels]
