"""Making scores honest: temperatures, the confidence from which an answer counts as certain, and what is refused."""

import math

import numpy as np
from scipy.optimize import minimize_scalar

from classifier.arrays import FloatArray
from classifier.bundle import Calibration
from classifier.genres import SLUGS
from classifier.probabilities import tempered
from training.bundle.contents import Calibrations
from training.data.tables import FeatureTable, IntArray
from training.evaluate.ood import OodScores, track_means
from training.evaluate.predictions import Predictions
from training.evaluate.reliability import log_loss

RELIABLE_ACCURACY = 0.5
"""A genre is reliable where at least this share of the confident answers that named it was right."""

REFUSED_SHARE = 0.03
"""Share of EDM, windows or tracks, that may be called none of the genres."""


def calibrate(probabilities: FloatArray, table: FeatureTable, *, certain_accuracy: float) -> Calibrations:
    """Fit temperatures and thresholds to what a network says (n, 16) of rows that it was not fitted to."""

    def certain_from(answers: FloatArray, labels: IntArray) -> float:
        return certain_threshold(answers, labels, accuracy=certain_accuracy)

    temperature = fit_temperature(probabilities, table.labels)
    windows = Predictions.of(tempered(probabilities, temperature), table)
    tracks = windows.by_track()
    track_temperature = fit_temperature(tracks.probabilities, tracks.labels)
    voted = tempered(tracks.probabilities, track_temperature)
    unreliable_genres = find_unreliable_genres(
        windows, certain_from=certain_from(windows.probabilities, windows.labels)
    )
    reliable = ~np.isin(windows.predicted, [SLUGS.index(slug) for slug in unreliable_genres])
    reliable_tracks = ~np.isin(tracks.predicted, [SLUGS.index(slug) for slug in unreliable_genres])
    return Calibrations(
        window=Calibration(
            temperature=temperature,
            certain_from=certain_from(windows.probabilities[reliable], windows.labels[reliable]),
            unreliable_genres=unreliable_genres,
        ),
        track=Calibration(
            temperature=track_temperature,
            certain_from=certain_from(voted[reliable_tracks], tracks.labels[reliable_tracks]),
            unreliable_genres=unreliable_genres,
        ),
    )


def find_unreliable_genres(answers: Predictions, *, certain_from: float) -> tuple[str, ...]:
    """The genres (slugs) of which most confident answers were wrong: fewer than `RELIABLE_ACCURACY` of them right."""
    confident = answers.where(answers.confidence >= certain_from)
    shares = {
        int(label): confident.right[confident.predicted == label].mean() for label in np.unique(confident.predicted)
    }
    return tuple(SLUGS[label] for label, share in shares.items() if share < RELIABLE_ACCURACY)


def with_ood_thresholds(calibrations: Calibrations, edm: OodScores) -> Calibrations:
    """The same with thresholds that refuse `REFUSED_SHARE` of the EDM windows, and of the tracks."""
    window_from = float(np.quantile(edm.values, 1.0 - REFUSED_SHARE))
    track_from = float(np.quantile(track_means(edm.values, edm.tracks), 1.0 - REFUSED_SHARE))
    return Calibrations(
        window=calibrations.window.model_copy(update={"ood_threshold": round(window_from, 4)}),
        track=calibrations.track.model_copy(update={"ood_threshold": round(track_from, 4)}),
    )


def fit_temperature(probabilities: FloatArray, labels: IntArray) -> float:
    """The temperature with the lowest log loss on windows (n, 16) that were not trained on (Guo et al. 2017)."""

    def loss(log_temperature: float) -> float:
        answers = tempered(probabilities, float(np.exp(log_temperature)))
        return log_loss(answers, labels)

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
    return math.floor(confidence[order][good[-1] + fewest - 1] * 10_000) / 10_000 if len(good) else 1.0
