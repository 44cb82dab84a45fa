"""The network as something that can be cross-validated: the recipe of a bundle, fitted anew on other rows."""

import logging
from dataclasses import dataclass
from typing import Any

from classifier.bundle import BundleMetadata, columns_of
from classifier.features import FloatArray
from classifier.model import tempered
from training.errors import TrainingError
from training.fitting import FittedModel, fit_model
from training.learners import Predictor
from training.network import Recipe
from training.sampling import Sampling
from training.splits import split_for_stopping
from training.tables import FeatureTable


@dataclass(frozen=True, slots=True)
class Network:
    """Part of the training tracks stop the training and calibrate the confidence, as in `fit`."""

    recipe: Recipe
    sampling: Sampling
    name: str = "Network"

    def fit(self, train: FeatureTable, *, seed: int) -> Predictor:
        # Every fold's network compiles anew, which TensorFlow takes for a slip and warns of.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        known = train.with_columns(columns_of(self.recipe.families))
        parts = split_for_stopping(known, folds=self.recipe.validation_folds, seed=seed)
        return _Fitted(fit_model(parts, recipe=self.recipe, sampling=self.sampling, seed=seed, verbose=0))


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    model: FittedModel

    def predict(self, table: FeatureTable) -> FloatArray:
        known = table.with_columns(self.model.preparation.columns)
        raw = self.model.members[0].predict(self.model.preparation.transform(known.features))
        return tempered(raw, self.model.calibrations.window.temperature)


def recorded_network(metadata: BundleMetadata) -> Network:
    """The network a bundle was fitted as. Raises `TrainingError` if its recipe is none of this version's."""
    try:
        recipe, sampling = Recipe(**_tuples(metadata.data["recipe"])), Sampling(**_tuples(metadata.data["sampling"]))
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{metadata.model_version}: its recipe cannot be repeated: {error}") from error
    return Network(recipe, sampling)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON knows only lists where the recipe has tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
