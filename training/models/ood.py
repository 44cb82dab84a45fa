"""Telling sounds that are none of the genres: speech, noise, tones, other music.

A logistic regression on the embedding that has heard examples of both sides (outlier exposure, Hendrycks et al. 2019).
Features and rhythm are left out: with them it learned to tell where a recording came from rather than what it is.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifier.arrays import FloatArray
from classifier.bundle import Scaler
from classifier.description import EMBEDDING_NAMES
from classifier.genres import SLUGS
from training.data.tables import FeatureTable, TextArray
from training.models.recipes import Recipe

LARGEST = 8.0
"""Standardised values are held within this many deviations."""
_PENALTY = 1.0
"""Inverse strength of the L2 penalty (scikit-learn's C)."""
_UNLABELLED_SHARE = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class OodDetector:
    """Log-odds that a window is none of the genres: `clip(rows) @ weights + bias` for standardised rows."""

    weights: FloatArray
    bias: float

    def ood_score(self, rows: FloatArray) -> FloatArray:
        """Standardised rows (n, columns) → log-odds (n,)."""
        return np.asarray(np.clip(rows, -LARGEST, LARGEST) @ self.weights + self.bias, np.float32)


def fit_ood_detector(
    edm: FeatureTable, others: FeatureTable, scaler: Scaler, recipe: Recipe, *, unlabelled: FeatureTable | None = None
) -> OodDetector:
    """Fit to windows of both sides, each side counting the same.

    Within EDM every genre counts the same, within the others every kind, within those every track. `unlabelled` is
    electronic music of unknown genre, best from where `others` come from: it takes `_UNLABELLED_SHARE` of EDM's weight,
    so that where a recording comes from tells nothing. The recipe's `ood_source_weights` say which sources count more.
    """
    read = np.isin(edm.columns, EMBEDDING_NAMES)
    share = _UNLABELLED_SHARE if unlabelled else 0.0
    sides = [
        (edm, (1.0 - share) * _balanced(edm, np.array(SLUGS)[edm.labels], recipe)),
        (others, _balanced(others, others.sources, recipe)),
    ]
    if unlabelled:
        sides.append((unlabelled, share * _balanced(unlabelled, unlabelled.sources, recipe)))
    rows = scaler.transform(np.concatenate([table.features for table, _ in sides]))[:, read]
    is_ood = np.concatenate([np.full(len(table), table is others) for table, _ in sides])
    fitted = LogisticRegression(C=_PENALTY, max_iter=300).fit(
        np.clip(rows, -LARGEST, LARGEST), is_ood, sample_weight=np.concatenate([weights for _, weights in sides])
    )
    weights = np.zeros(len(edm.columns), np.float32)
    weights[read] = fitted.coef_[0]
    return OodDetector(weights, float(fitted.intercept_[0]))


def _balanced(table: FeatureTable, kinds: TextArray, recipe: Recipe) -> FloatArray:
    """Weights (n,) that sum to 1: each kind the same, within it each track, but for the weights of sources."""
    _, track, windows = np.unique(table.tracks, return_inverse=True, return_counts=True)
    weights = 1.0 / windows[track]
    for source, weight in recipe.ood_source_weights:
        weights[table.sources == source] *= weight
    _, kind = np.unique(kinds, return_inverse=True)
    weights /= np.bincount(kind, weights)[kind]
    return np.asarray(weights / weights.sum(), np.float64)
