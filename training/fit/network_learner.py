"""The network as something that can be cross-validated: the recipe of a bundle, fitted anew on other rows."""

import logging
from dataclasses import dataclass

from classifier.arrays import FloatArray
from classifier.bundle import columns_of
from classifier.probabilities import tempered
from training.bundle.contents import Member
from training.bundle.record import FitRecord
from training.data.sampling import Sampling
from training.data.splits import split_for_stopping
from training.data.tables import FeatureTable
from training.fit.calibration import fit_temperature
from training.fit.train import fit_member
from training.models.learner import Predictor
from training.models.preprocessing import Preprocessor
from training.models.recipes import Recipe


@dataclass(frozen=True, slots=True)
class NetworkLearner:
    """Part of the training tracks stop the training and calibrate the confidence, as in `fit`."""

    recipe: Recipe
    sampling: Sampling
    name: str = "Network"

    def fit(self, train: FeatureTable, *, seed: int) -> Predictor:
        # Every fold's network compiles anew, which TensorFlow takes for a slip and warns of.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        known = train.with_columns(columns_of(self.recipe.families))
        parts = split_for_stopping(known, folds=self.recipe.validation_folds, seed=seed)
        preprocessor = Preprocessor.fit(known, self.recipe)
        member = fit_member(parts, preprocessor, recipe=self.recipe, sampling=self.sampling, seed=seed)
        return _Fitted(preprocessor, member, fit_temperature(member.held_out, parts.validation.labels))


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    preprocessor: Preprocessor
    member: Member
    temperature: float

    def predict(self, table: FeatureTable) -> FloatArray:
        known = table.with_columns(self.preprocessor.columns)
        return tempered(self.member.predict(self.preprocessor.transform(known.features)), self.temperature)


def recorded_learner(record: FitRecord) -> NetworkLearner:
    """The network a bundle was fitted as."""
    return NetworkLearner(record.recipe, record.sampling)
