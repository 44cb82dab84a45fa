"""Telling sounds that are none of the genres: speech, noise, tones, other music.

A logistic regression on the embeddings that has heard examples of both sides (outlier exposure, Hendrycks et al. 2019).
Features and rhythm are left out: with them it learned to tell where a recording came from rather than what it is.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifier.arrays import FloatArray
from classifier.bundle import Scaler
from classifier.description import MN04_NAMES, MUSICNN_NAMES
from classifier.genres import SLUGS
from training.data.tables import FeatureTable, TextArray
from training.models.recipes import Recipe

LARGEST = 8.0
"""Standardised values are held within this many deviations."""


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
    electronic music of unknown genre, best from where `others` come from: it takes a share of EDM's weight, so
    that where a recording comes from tells nothing. The recipe says which sources and which genres count more.
    """
    read = np.isin(edm.columns, [*MUSICNN_NAMES, *MN04_NAMES])
    share = recipe.ood_unlabelled_share if unlabelled else 0.0
    sides = [
        (edm, (1.0 - share) * _balanced(edm, np.array(SLUGS)[edm.labels], recipe)),
        (others, _balanced(others, others.sources, recipe)),
    ]
    if unlabelled:
        sides.append((unlabelled, share * _balanced(unlabelled, unlabelled.sources, recipe)))
    rows = scaler.transform(np.concatenate([table.features for table, _ in sides]))[:, read]
    is_ood = np.concatenate([np.full(len(table), table is others) for table, _ in sides])
    fitted = LogisticRegression(C=recipe.ood_penalty, max_iter=300).fit(
        np.clip(rows, -LARGEST, LARGEST),
        is_ood,
        sample_weight=np.concatenate([weights for _, weights in sides]) * len(rows) / 2,
    )
    weights = np.zeros(len(edm.columns), np.float32)
    weights[read] = fitted.coef_[0].astype(np.float16)  # as a bundle keeps it
    return OodDetector(weights, float(np.float16(fitted.intercept_[0])))


def _balanced(table: FeatureTable, kinds: TextArray, recipe: Recipe) -> FloatArray:
    """Weights (n,) that sum to 1: each kind the same, in it each track, but for the weights of the recipe."""
    _, track, windows = np.unique(table.tracks, return_inverse=True, return_counts=True)
    weights = 1.0 / windows[track]
    for source, weight in recipe.ood_source_weights:
        weights[table.sources == source] *= weight
    _, kind = np.unique(kinds, return_inverse=True)
    weights /= np.bincount(kind, weights)[kind]
    for slug, weight in recipe.ood_genre_weights:
        weights[kinds == slug] *= weight
    return np.asarray(weights / weights.sum(), np.float64)
