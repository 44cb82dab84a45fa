"""The multilayer perceptron: its layers, its rounding, and how its training is stopped. Its numbers are `recipes`."""

import math
from dataclasses import replace
from functools import lru_cache
from time import monotonic

import keras
import numpy as np
from keras import layers

from classifier.genres import SLUGS
from training.models.recipes import Recipe
from training.progress import Progress

_STEPS_AT_ONCE = 8
"""Steps of a training that TensorFlow takes in one call: a step of so small a network is shorter than the call."""


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
        steps_per_execution=_STEPS_AT_ONCE,
    )
    return model


def untrained_network(recipe: Recipe, *, inputs: int, seed: int) -> keras.Model:
    """What `build_network` gives after `keras.utils.set_random_seed(seed)`, but only one at a time.

    It is the model that was trained last, set back: TensorFlow takes two seconds to compile the steps of each new one.
    """
    kept = _kept_network(replace(recipe, max_epochs=0), inputs)
    keras.utils.set_random_seed(seed)
    fresh = build_network(recipe, inputs=inputs)
    fresh.optimizer.build(fresh.trainable_variables)
    for mine, theirs in ((kept.variables, fresh.variables), (kept.optimizer.variables, fresh.optimizer.variables)):
        for variable, value in zip(mine, theirs, strict=True):
            variable.assign(value)
    return kept


@lru_cache(maxsize=1)
def _kept_network(recipe: Recipe, inputs: int) -> keras.Model:
    network = build_network(recipe, inputs=inputs)
    network.optimizer.build(network.trainable_variables)
    return network


def for_serving(network: keras.Model) -> keras.Model:
    """A trained network as dense layers alone, with every number rounded to half precision.

    Dropout does nothing any more, and a batch normalisation is a factor and a summand of the next layer's inputs, so
    both go into that layer. Half the bytes keep such numbers exactly, whatever the format.
    """
    layers_of: list[layers.Layer] = [keras.Input(network.input_shape[1:], name="row")]
    weights: list[np.ndarray] = []
    scale, shift = np.float32(1.0), np.float32(0.0)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            scale = gamma / np.sqrt(variance + layer.epsilon)
            shift = beta - mean * scale
        elif isinstance(layer, layers.Dense):
            kernel, bias = layer.get_weights()
            weights += [kernel * np.reshape(scale, (-1, 1)), bias + np.broadcast_to(shift, len(kernel)) @ kernel]
            scale, shift = np.float32(1.0), np.float32(0.0)
            layers_of.append(layers.Dense(layer.units, activation=layer.activation, name=layer.name))
    plain = keras.Sequential(layers_of, name=network.name)
    plain.set_weights(weights)
    round_to_half(plain)
    return plain


def round_to_half(model: keras.Model) -> None:
    """Round every weight to the nearest number of half precision, so that half the bytes keep it exactly."""
    model.set_weights([weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()])


class EpochLines(keras.callbacks.Callback):
    """A line for each epoch: how it went, and how long it can take yet."""

    def __init__(self, say: Progress, most_epochs: int) -> None:
        super().__init__()
        self._say = say
        self._most_epochs = most_epochs
        self._begun_s = 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._begun_s = monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = logs or {}
        names = {"loss": "loss", "val_loss": "validation loss", "val_accuracy": "validation accuracy"}
        figures = ", ".join(f"{words} {values[name]:.3f}" for name, words in names.items() if name in values)
        left_s = (monotonic() - self._begun_s) / (epoch + 1) * (self._most_epochs - epoch - 1)
        self._say(f"epoch {epoch + 1} of at most {self._most_epochs}: {figures}; at most {left_s:.0f} s left")


def callbacks(recipe: Recipe, *, stops: bool = True) -> list[keras.callbacks.Callback]:
    """The learning-rate schedule, and where there is something to stop by early stopping that restores the best."""

    def learning_rate(epoch: int, _current: float) -> float:
        return recipe.learning_rate * math.exp(-recipe.decay_per_epoch * max(0, epoch - recipe.constant_epochs + 1))

    schedule = keras.callbacks.LearningRateScheduler(learning_rate)
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=recipe.patience, restore_best_weights=True)
    return [stop, schedule] if stops else [schedule]
