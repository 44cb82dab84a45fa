"""What a bundle is made of: fitted networks, what comes before them, how their scores are read, and how they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from classifier.arrays import FloatArray
from classifier.bundle import Calibration, ListeningCalibration
from classifier.probabilities import tempered
from training.data.tables import BoolArray
from training.evaluate.listening import listen_on
from training.evaluate.metrics import Figures, certain_answers
from training.evaluate.predictions import Predictions
from training.evaluate.rejection import OodScores
from training.models.ood import OodDetector
from training.models.preprocessing import Preprocessor
from training.models.recipes import Recipe


@dataclass(frozen=True, slots=True)
class Calibrations:
    """How the scores of windows, of tracks, and of what is heard in between are read."""

    window: Calibration
    track: Calibration
    listening: ListeningCalibration

    def windows(self, raw: Predictions) -> Predictions:
        """The calibrated answers for windows, from what networks say of them."""
        calibrated = tempered(raw.probabilities, self.window.temperature)
        return replace(raw, probabilities=calibrated, track_temperature=self.track.temperature)

    def told(self, raw: Predictions) -> tuple[Predictions, BoolArray, BoolArray]:
        """The answers that people get for windows, which of them (n,) are certain, and for which it was listened on."""
        windows = self.windows(raw)
        alone = certain_answers(windows, self.window)
        heard = listen_on(windows, places=self.listening.places)
        listened = windows.with_probabilities(heard.probabilities(self.listening.temperatures))
        answers = np.where(alone[:, np.newaxis], windows.probabilities, listened.probabilities)
        certain = alone | certain_answers(listened, self.listening)
        return windows.with_probabilities(answers), certain, ~alone & (heard.counts > 1)


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One trained network with its training's history, and what tells sounds that are none of the genres (None: nothing
    does).

    `held_out` (n, 16) is what the network said of the validation part before it learned from that, too.
    """

    network: keras.Model
    history: Mapping[str, Sequence[float]]
    held_out: FloatArray
    ood_detector: OodDetector | None = None

    def predict(self, prepared: FloatArray) -> FloatArray:
        """Prepared rows (n, inputs) → probabilities (n, 16), not calibrated."""
        return predict(self.network, prepared)


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """What goes into a bundle: networks, what comes before them, how their scores are read, and how they do.

    `sample` are some of the measured rows (n, columns). `figures` were measured on rows that trained nothing: the test
    part, or each fold by the member that never heard it. `edm` and `others` are the scores of those rows, and of sounds
    that are none of the genres, likewise.
    """

    recipe: Recipe
    preprocessor: Preprocessor
    members: tuple[Member, ...]
    calibrations: Calibrations
    figures: Figures
    sample: FloatArray
    edm: OodScores | None = None
    others: OodScores | None = None


def predict(network: keras.Model, prepared: FloatArray) -> FloatArray:
    """Prepared rows (n, inputs) → probabilities (n, 16)."""
    answers: Any = network(prepared, training=False)  # its own `predict` would compile a graph for each network
    return np.asarray(answers, np.float32)
