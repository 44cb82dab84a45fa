"""Making scores honest: temperatures, the confidence from which an answer counts as certain, and what is refused."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from classifier.bundle import Calibration
from classifier.features import FloatArray
from classifier.model import tempered
from training.answers import Answers
from training.rejection import Strangeness, track_means
from training.tables import FeatureTable, IntArray

REFUSED_SHARE = 0.03
"""Share of EDM, windows or tracks, that may be called none of the genres."""


@dataclass(frozen=True, slots=True)
class Calibrations:
    """How the scores of windows and of tracks are read."""

    window: Calibration
    track: Calibration

    def answers(self, probabilities: FloatArray, table: FeatureTable) -> Answers:
        """The calibrated answers to the rows of a table, from what a network says of them (n, 16)."""
        calibrated = tempered(probabilities, self.window.temperature)
        return Answers.of(calibrated, table, track_temperature=self.track.temperature)


def calibrate(probabilities: FloatArray, table: FeatureTable, *, certain_accuracy: float) -> Calibrations:
    """Fit temperatures and thresholds to what a network says (n, 16) of rows that it was not fitted to."""

    def certain_from(answers: FloatArray, labels: IntArray) -> float:
        return certain_threshold(answers, labels, accuracy=certain_accuracy)

    temperature = fit_temperature(probabilities, table.labels)
    windows = Answers.of(tempered(probabilities, temperature), table)
    tracks = windows.by_track()
    track_temperature = fit_temperature(tracks.probabilities, tracks.labels)
    voted = tempered(tracks.probabilities, track_temperature)
    return Calibrations(
        window=Calibration(temperature=temperature, certain_from=certain_from(windows.probabilities, windows.labels)),
        track=Calibration(temperature=track_temperature, certain_from=certain_from(voted, tracks.labels)),
    )


def with_refusal(calibrations: Calibrations, edm: Strangeness) -> Calibrations:
    """The same with thresholds that refuse `REFUSED_SHARE` of the EDM windows, and of the tracks."""
    window_from = float(np.quantile(edm.values, 1.0 - REFUSED_SHARE))
    track_from = float(np.quantile(track_means(edm.values, edm.tracks), 1.0 - REFUSED_SHARE))
    return Calibrations(
        window=calibrations.window.model_copy(update={"refuse_from": round(window_from, 4)}),
        track=calibrations.track.model_copy(update={"refuse_from": round(track_from, 4)}),
    )


def fit_temperature(probabilities: FloatArray, labels: IntArray) -> float:
    """The temperature with the lowest log loss on windows (n, 16) that were not trained on (Guo et al. 2017)."""

    def loss(log_temperature: float) -> float:
        answers = tempered(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(answers[np.arange(len(labels)), labels], 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.25), np.log(8.0)), method="bounded").x))


def certain_threshold(probabilities: FloatArray, labels: IntArray, *, accuracy: float) -> float:
    """The lowest confidence from which on at least `accuracy` of the answers are right; 1.0 if there is none.

    Looks only at thresholds that at least 20 answers (or a tenth of them, if fewer) reach.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    order = np.argsort(-confidence, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    fewest = min(20, max(1, len(order) // 10))
    good = np.flatnonzero(shares[fewest - 1 :] >= accuracy)
    return round(float(confidence[order][good[-1] + fewest - 1]), 4) if len(good) else 1.0
