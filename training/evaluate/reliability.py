"""Is the confidence honest? Reliability, log loss, and what saying "not sure" more often would gain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.arrays import FloatArray
from classifier.genres import SLUGS
from classifier.probabilities import log_probabilities
from training.data.tables import IntArray
from training.evaluate.predictions import Predictions


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Answers whose confidence lies in one bin: how sure they were on average, and how many were right."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class GenreReliability:
    """The answers that named one genre: `answers` of them, their mean confidence, and the share that was right."""

    slug: str
    answers: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """If only answers from `confidence_from` on were given: the share of all that is, and how many are right."""

    confidence_from: float
    coverage: float
    accuracy: float


def reliability(probabilities: FloatArray, labels: IntArray, *, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Confidence against accuracy over equal bins of confidence; empty bins are left out."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        ReliabilityBin(
            count=int((bin_of == number).sum()),
            confidence=float(confidence[bin_of == number].mean()),
            accuracy=float(right[bin_of == number].mean()),
        )
        for number in np.unique(bin_of)
    )


def calibration_error(probabilities: FloatArray, labels: IntArray, *, bins: int = 10) -> float:
    """Expected calibration error: mean gap between confidence and accuracy over equal bins of confidence."""
    filled = reliability(probabilities, labels, bins=bins)
    return sum(abs(part.confidence - part.accuracy) * part.count for part in filled) / len(labels)


def log_loss(probabilities: FloatArray, labels: IntArray) -> float:
    """Mean negative log-likelihood in nats; guessing all 16 genres alike scores ln 16 = 2.77."""
    return float(-log_probabilities(probabilities[np.arange(len(labels)), labels]).mean())


def genre_reliability(answers: Predictions) -> tuple[GenreReliability, ...]:
    """One entry for each genre that was answered at least once, in the order of `GENRES`."""
    given, confidence, right = answers.predicted, answers.confidence, answers.right
    return tuple(
        GenreReliability(
            slug=SLUGS[label],
            answers=int((given == label).sum()),
            confidence=float(confidence[given == label].mean()),
            accuracy=float(right[given == label].mean()),
        )
        for label in np.unique(given)
    )


def coverage(answers: Predictions, thresholds: Sequence[float]) -> tuple[CoveragePoint, ...]:
    """Coverage and accuracy at each threshold that at least one answer reaches."""
    confidence, right = answers.confidence, answers.right
    reached = [(threshold, confidence >= threshold) for threshold in thresholds]
    return tuple(
        CoveragePoint(confidence_from=threshold, coverage=float(sure.mean()), accuracy=float(right[sure].mean()))
        for threshold, sure in reached
        if sure.any()
    )
