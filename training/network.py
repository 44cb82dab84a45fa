"""The network and how it is trained: every number of the recipes is stated here, once."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from classifier.description import EMBEDDING, FEATURES, RHYTHM_FAMILY
from classifier.genres import SLUGS


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters; a bundle's metadata records them."""

    families: tuple[str, ...] = (FEATURES,)
    """What the network gets to know of a window: families of columns, see `classifier.description`."""
    units: tuple[int, int, int] = (128, 64, 32)
    dropout: tuple[float, float] = (0.4, 0.3)
    input_dropout: float = 0.0
    l2: float = 3e-2
    learning_rate: float = 5e-4
    constant_epochs: int = 20
    decay_per_epoch: float = 0.02
    """After `constant_epochs` the learning rate is multiplied by exp(-decay) at each epoch."""
    batch_size: int = 32
    max_epochs: int = 200
    patience: int = 25
    """Epochs without a lower validation loss before the training stops."""
    validation_folds: int = 6
    """One in so many training tracks stops the training."""
    rhythm_components: int = 0
    """Principal components that the rhythm is reduced to; 0: none, it is taken as it is."""
    certain_accuracy: float = 2 / 3
    """An answer is called certain where at least this share of such answers was right."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


REFERENCE = Recipe()
"""The mission's network on the mission's 122 features."""

DEFAULT = Recipe(
    families=(FEATURES, RHYTHM_FAMILY, EMBEDDING),
    input_dropout=0.5,
    l2=1e-2,
    decay_per_epoch=0.05,
    batch_size=64,
    max_epochs=80,
    validation_folds=10,
    rhythm_components=128,
    certain_accuracy=0.75,
)
"""The same network on everything that a window can be described with."""


def build_network(recipe: Recipe, *, inputs: int, outputs: int = len(SLUGS)) -> keras.Model:
    """Dense 128 and 64 (ReLU, L2, batch normalisation, dropout), Dense 32 (ReLU), softmax; compiled.

    Input (n, inputs) standardised columns, output (n, 16) probabilities.
    """
    first, second, third = recipe.units
    regularised = {"activation": "relu", "kernel_regularizer": keras.regularizers.L2(recipe.l2)}
    model = keras.Sequential(
        [
            keras.Input((inputs,), name="row"),
            *([layers.Dropout(recipe.input_dropout)] if recipe.input_dropout else []),
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


def round_to_half(model: keras.Model) -> None:
    """Round every kernel to the nearest number of half precision, so that half the bytes keep it exactly."""
    model.set_weights(
        [weight.astype(np.float16).astype(np.float32) if weight.ndim > 1 else weight for weight in model.get_weights()]
    )


def callbacks(recipe: Recipe) -> list[keras.callbacks.Callback]:
    """Early stopping that restores the best weights, and the learning-rate schedule."""

    def learning_rate(epoch: int, _current: float) -> float:
        return recipe.learning_rate * math.exp(-recipe.decay_per_epoch * max(0, epoch - recipe.constant_epochs + 1))

    return [
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=recipe.patience, restore_best_weights=True),
        keras.callbacks.LearningRateScheduler(learning_rate),
    ]
