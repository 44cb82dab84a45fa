"""Fit the network on a table's parts and measure it: everything `fit` does before it writes files."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from classifier.bundle import Scaler
from classifier.features import FloatArray
from classifier.model import tempered
from training.calibration import certain_threshold, fit_temperature
from training.evaluation import Metrics, measure
from training.network import Recipe, build_network, callbacks
from training.sampling import SampledBatches, Sampling, one_hot
from training.splits import Parts
from training.tables import FeatureTable, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """A trained network with what belongs to it, and how it does on the test part."""

    network: keras.Model
    scaler: Scaler
    temperature: float
    certain_from: float
    history: Mapping[str, Sequence[float]]
    metrics: Metrics


def fit_model(parts: Parts, *, recipe: Recipe, sampling: Sampling, seed: int, verbose: int = 2) -> FittedModel:
    """Train on the train part, stop and calibrate on the validation part, measure on the test part.

    The same parts and seed give the same weights: every source of chance is seeded and TensorFlow is held to
    deterministic operations.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    scaler = fit_scaler(parts.train)
    network = build_network(recipe)
    fitted = network.fit(
        SampledBatches(parts.train, scaler, sampling, batch_size=recipe.batch_size, seed=seed),
        validation_data=_validation_data(parts.validation, scaler),
        epochs=recipe.max_epochs,
        callbacks=callbacks(recipe),
        class_weight=class_weights(parts.train.labels),
        verbose=verbose,
    )
    held_out = _predict(network, scaler, parts.validation)
    temperature = fit_temperature(held_out, parts.validation.labels)
    certain_from = certain_threshold(tempered(held_out, temperature), parts.validation.labels)
    answers = tempered(_predict(network, scaler, parts.test), temperature)
    return FittedModel(
        network=network,
        scaler=scaler,
        temperature=temperature,
        certain_from=certain_from,
        history=fitted.history,
        metrics=measure(answers, parts.test, certain_from=certain_from),
    )


def fit_scaler(table: FeatureTable) -> Scaler:
    """Mean and standard deviation of each feature over the table's windows, as plain numbers."""
    scaler = StandardScaler().fit(table.features.astype(np.float64))
    return Scaler(mean=tuple(scaler.mean_.tolist()), scale=tuple(scaler.scale_.tolist()))


def class_weights(labels: IntArray) -> dict[int, float]:
    """Weights that make every genre count the same in the loss, however many windows it has."""
    present = np.unique(labels)
    weights = compute_class_weight("balanced", classes=present, y=labels)
    return dict(zip(present.tolist(), weights.tolist(), strict=True))


def _validation_data(table: FeatureTable, scaler: Scaler) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Features, one-hot genres and weights: the stop, too, counts every genre the same."""
    weights = class_weights(table.labels)
    each = np.array([weights[label] for label in table.labels.tolist()], np.float32)
    return scaler.transform(table.features), one_hot(table.labels), each


def _predict(network: keras.Model, scaler: Scaler, table: FeatureTable) -> FloatArray:
    answers: Any = network.predict(scaler.transform(table.features), batch_size=4096, verbose=0)
    return np.asarray(answers, np.float32)
