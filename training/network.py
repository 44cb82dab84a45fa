"""The reference network and how it is trained: every number of the recipe is stated here, once."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import keras
from keras import layers

from classifier.features import FEATURE_NAMES
from classifier.genres import SLUGS


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters; a bundle's metadata records them."""

    units: tuple[int, int, int] = (128, 64, 32)
    dropout: tuple[float, float] = (0.4, 0.3)
    l2: float = 3e-2
    learning_rate: float = 5e-4
    constant_epochs: int = 20
    decay_per_epoch: float = 0.02
    """After `constant_epochs` the learning rate is multiplied by exp(-0.02) at each epoch."""
    batch_size: int = 32
    max_epochs: int = 200
    patience: int = 25
    """Epochs without a lower validation loss before the training stops."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def build_network(recipe: Recipe, *, inputs: int = len(FEATURE_NAMES), outputs: int = len(SLUGS)) -> keras.Model:
    """Dense 128 and 64 (ReLU, L2, batch normalisation, dropout), Dense 32 (ReLU), softmax; compiled.

    Input (n, 122) standardised features, output (n, 16) probabilities.
    """
    first, second, third = recipe.units
    regularised = {"activation": "relu", "kernel_regularizer": keras.regularizers.L2(recipe.l2)}
    model = keras.Sequential(
        [
            keras.Input((inputs,), name="features"),
            layers.Dense(first, **regularised),
            layers.BatchNormalization(),
            layers.Dropout(recipe.dropout[0]),
            layers.Dense(second, **regularised),
            layers.BatchNormalization(),
            layers.Dropout(recipe.dropout[1]),
            layers.Dense(third, activation="relu"),
            layers.Dense(outputs, activation="softmax", name="genres"),
        ],
        name="genre_network",
    )
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(),
        metrics=["accuracy", keras.metrics.Precision(name="precision"), keras.metrics.Recall(name="recall")],
    )
    return model


def callbacks(recipe: Recipe) -> list[keras.callbacks.Callback]:
    """Early stopping that restores the best weights, and the learning-rate schedule."""

    def learning_rate(epoch: int, _current: float) -> float:
        return recipe.learning_rate * math.exp(-recipe.decay_per_epoch * max(0, epoch - recipe.constant_epochs + 1))

    return [
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=recipe.patience, restore_best_weights=True),
        keras.callbacks.LearningRateScheduler(learning_rate),
    ]
