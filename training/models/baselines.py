"""The baselines, which say what the network has to beat: always the same answer, a linear model, and a forest.

They learn from windows as they were recorded: altered copies, which help the network, make them worse.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from classifier.arrays import FloatArray
from classifier.genres import SLUGS
from training.data.tables import FeatureTable
from training.models.learner import Learner, Predictor


@dataclass(frozen=True, slots=True, eq=False)
class _Constant:
    probabilities: FloatArray

    def predict(self, table: FeatureTable) -> FloatArray:
        return np.tile(self.probabilities, (len(table), 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Estimator:
    """A fitted scikit-learn classifier; genres it never saw get a probability of zero."""

    fitted: Any

    def predict(self, table: FeatureTable) -> FloatArray:
        probabilities = np.zeros((len(table), len(SLUGS)), np.float32)
        probabilities[:, self.fitted.classes_] = self.fitted.predict_proba(table.features)
        return probabilities


@dataclass(frozen=True, slots=True)
class Majority:
    """Knows only how frequent each genre is, and always answers the most frequent."""

    name: str = "Majority"

    def fit(self, train: FeatureTable, *, seed: int) -> Predictor:
        counts = np.bincount(_as_recorded(train).labels, minlength=len(SLUGS))
        return _Constant((counts / counts.sum()).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Logistic:
    """Logistic regression on standardised features, every genre counting the same."""

    name: str = "Logistic regression"
    inverse_penalty: float = 0.1
    tolerance: float = 1e-3
    """Ten times scikit-learn's: recall does not change, the fit takes a third of the time."""

    def fit(self, train: FeatureTable, *, seed: int) -> Predictor:
        model = make_pipeline(
            StandardScaler(),
            LogisticRegression(
                C=self.inverse_penalty, tol=self.tolerance, class_weight="balanced", max_iter=2000, random_state=seed
            ),
        )
        plain = _as_recorded(train)
        return _Estimator(model.fit(plain.features.astype(np.float64), plain.labels))


@dataclass(frozen=True, slots=True)
class Trees:
    """Extremely randomised trees, every genre counting the same."""

    name: str = "ExtraTrees"
    trees: int = 300

    def fit(self, train: FeatureTable, *, seed: int) -> Predictor:
        model = ExtraTreesClassifier(
            n_estimators=self.trees, min_samples_leaf=2, class_weight="balanced", random_state=seed
        )
        plain = _as_recorded(train)
        return _Estimator(model.fit(plain.features, plain.labels))


BASELINES: tuple[Learner, ...] = (Majority(), Logistic(), Trees())


def _as_recorded(train: FeatureTable) -> FeatureTable:
    return train.where(train.is_plain)
