"""Telling sounds that are none of the genres: speech, noise, tones, other music.

A logistic regression on everything a window is described with. Outlier exposure: it has heard examples of both sides.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifier.bundle import Scaler
from classifier.features import FloatArray
from training.tables import FeatureTable

REGULARISATION = 3e-4
"""Inverse strength of the L2 penalty (scikit-learn's C)."""
LARGEST = 8.0
"""Standardised values are held within this many deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class Stranger:
    """Log-odds that a window is none of the genres: `clip(rows) @ weights + bias` for standardised rows."""

    weights: FloatArray
    bias: float

    def strangeness(self, rows: FloatArray) -> FloatArray:
        """Standardised rows (n, columns) → log-odds (n,)."""
        return np.asarray(np.clip(rows, -LARGEST, LARGEST) @ self.weights + self.bias, np.float32)


def fit_stranger(edm: FeatureTable, others: FeatureTable, scaler: Scaler) -> Stranger:
    """Fit to windows of both sides, each side counting the same, and within it every track."""
    rows = np.clip(scaler.transform(np.concatenate([edm.features, others.features])), -LARGEST, LARGEST)
    strange = np.repeat([0, 1], [len(edm), len(others)])
    weights = np.concatenate([_track_weights(edm), _track_weights(others)])
    fitted = LogisticRegression(C=REGULARISATION * len(rows), max_iter=300).fit(rows, strange, sample_weight=weights)
    return Stranger(fitted.coef_[0].astype(np.float32), float(fitted.intercept_[0]))


def _track_weights(table: FeatureTable) -> FloatArray:
    _, index, counts = np.unique(table.tracks, return_inverse=True, return_counts=True)
    shares = 1.0 / counts[index]
    return shares / shares.sum()
