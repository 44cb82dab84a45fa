"""Making confidence honest: a temperature, and the confidence from which an answer counts as certain."""

import numpy as np
from scipy.optimize import minimize_scalar

from classifier.features import FloatArray
from classifier.model import tempered
from training.tables import IntArray

CERTAIN_ACCURACY = 2 / 3
"""An answer is called certain where at least two of three such answers were right."""


def fit_temperature(probabilities: FloatArray, labels: IntArray) -> float:
    """The temperature with the lowest log loss on windows (n, 16) that were not trained on (Guo et al. 2017)."""

    def loss(log_temperature: float) -> float:
        answers = tempered(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(answers[np.arange(len(labels)), labels], 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.25), np.log(8.0)), method="bounded").x))


def certain_threshold(probabilities: FloatArray, labels: IntArray, *, accuracy: float = CERTAIN_ACCURACY) -> float:
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
