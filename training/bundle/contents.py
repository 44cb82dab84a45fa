"""What a bundle is made of: fitted networks, what comes before them, how their scores are read, and how they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from classifier.arrays import FloatArray
from classifier.bundle import Calibration
from classifier.probabilities import tempered
from training.data.tables import FeatureTable
from training.evaluate.metrics import Metrics
from training.evaluate.ood import OodScores
from training.evaluate.predictions import Predictions
from training.models.ood import OodDetector
from training.models.preprocessing import Preprocessor
from training.models.recipes import Recipe


@dataclass(frozen=True, slots=True)
class Calibrations:
    """How the scores of windows and of tracks are read."""

    window: Calibration
    track: Calibration

    def answers(self, probabilities: FloatArray, table: FeatureTable) -> Predictions:
        """The calibrated answers to the rows of a table, from what a network says of them (n, 16)."""
        calibrated = tempered(probabilities, self.window.temperature)
        return Predictions.of(calibrated, table, track_temperature=self.track.temperature)


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One trained network with its training's history, and what tells sounds that are none of the genres (None: nothing
    does)."""

    network: keras.Model
    history: Mapping[str, Sequence[float]]
    ood_detector: OodDetector | None = None

    def predict(self, prepared: FloatArray) -> FloatArray:
        """Prepared rows (n, inputs) → probabilities (n, 16), not calibrated."""
        answers: Any = self.network(prepared, training=False)  # `predict` would compile a graph for each network
        return np.asarray(answers, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """What goes into a bundle: networks, what comes before them, how their scores are read, and how they do.

    `sample` are some of the measured rows (n, columns). `metrics` were measured on rows that trained nothing: the test
    part, or each fold by the member that never heard it. `edm` and `others` are the ood_score of those rows, and of
    sounds that are none of the genres, likewise.
    """

    recipe: Recipe
    preprocessor: Preprocessor
    members: tuple[Member, ...]
    calibrations: Calibrations
    metrics: Metrics
    sample: FloatArray
    edm: OodScores | None = None
    others: OodScores | None = None
