"""What can be cross-validated: anything that learns from a table and then answers with probabilities."""

from typing import Protocol

from classifier.arrays import FloatArray
from training.data.tables import FeatureTable


class Predictor(Protocol):
    """Answers the rows of a table (n) with probabilities (n, 16) float32 in the order of `GENRES`."""

    def predict(self, table: FeatureTable) -> FloatArray: ...


class Learner(Protocol):
    """Learns from the rows of a table; the same rows and seed give the same predictor."""

    @property
    def name(self) -> str: ...

    def fit(self, train: FeatureTable, *, seed: int) -> Predictor: ...
