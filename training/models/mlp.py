"""The multilayer perceptron: its layers, its rounding, and how its training is stopped. Its numbers are `recipes`."""

import math

import keras
import numpy as np
from keras import layers

from classifier.genres import SLUGS
from training.models.recipes import Recipe


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
