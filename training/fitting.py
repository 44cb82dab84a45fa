"""Fit networks on a table and measure them: everything `fit` does before it writes files.

Either one network, with tracks held out to test it; or one for each fold of tracks, which answer together, and each of
which is measured on the fold it never heard.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from classifier.features import FloatArray
from training.answers import Answers
from training.calibration import Calibrations, calibrate, with_refusal
from training.evaluation import Metrics, measure_answers
from training.network import Recipe, build_network, callbacks, round_to_half
from training.preparation import Preparation
from training.rejection import Strangeness
from training.sampling import SampledBatches, Sampling, one_hot
from training.splits import Parts, may_be_judged, split_for_stopping, track_folds
from training.strangers import Stranger, fit_stranger
from training.tables import FeatureTable, IntArray

FOLDS = 5
_SAMPLE = 500

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One trained network with its training's history, and what tells strange sounds (None: nothing does)."""

    network: keras.Model
    history: Mapping[str, Sequence[float]]
    stranger: Stranger | None = None

    def predict(self, prepared: FloatArray) -> FloatArray:
        """Prepared rows (n, inputs) → probabilities (n, 16), not calibrated."""
        answers: Any = self.network(prepared, training=False)  # `predict` would compile a graph for each network
        return np.asarray(answers, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """What goes into a bundle: networks, what comes before them, how their scores are read, and how they do.

    `sample` are some of the measured rows (n, columns). `metrics` were measured on rows that trained nothing: the test
    part, or each fold by the member that never heard it. `edm` and `others` are the strangeness of those rows, and of
    sounds that are none of the genres, likewise.
    """

    recipe: Recipe
    preparation: Preparation
    members: tuple[Member, ...]
    calibrations: Calibrations
    metrics: Metrics
    sample: FloatArray
    edm: Strangeness | None = None
    others: Strangeness | None = None


def fit_model(parts: Parts, *, recipe: Recipe, sampling: Sampling, seed: int, verbose: int = 2) -> FittedModel:
    """Train one network on the train part, stop and calibrate on the validation part, measure on the test part.

    The same parts and seed give the same weights: every source of chance is seeded and TensorFlow is held to
    deterministic operations. The parts have the recipe's columns and no others.
    """
    preparation = Preparation.fit(parts.train, recipe)
    member = _fit_member(parts, preparation, recipe=recipe, sampling=sampling, seed=seed, verbose=verbose)
    held_out = member.predict(preparation.transform(parts.validation.features))
    calibrations = calibrate(held_out, parts.validation, certain_accuracy=recipe.certain_accuracy)
    answers = calibrations.answers(member.predict(preparation.transform(parts.test.features)), parts.test)
    return FittedModel(
        recipe=recipe,
        preparation=preparation,
        members=(member,),
        calibrations=calibrations,
        metrics=_metrics(answers, calibrations),
        sample=parts.test.features[:_SAMPLE],
    )


def fit_folds(
    table: FeatureTable,
    *,
    others: FeatureTable | None,
    unlabelled: FeatureTable | None = None,
    recipe: Recipe,
    sampling: Sampling,
    seed: int,
    say: Progress,
) -> FittedModel:
    """Train one network for each of five folds of tracks, on the other four; calibrate and measure them on their folds.

    `others` are windows that are none of the genres: each member learns to tell them from its training part, and their
    tracks are dealt into folds, too. `unlabelled` helps there, see `training.strangers`. The table has the recipe's
    columns and no others; `say` gets a line for each fold.
    """
    preparation = Preparation.fit(table, recipe)
    fold_of = track_folds(table, folds=FOLDS, seed=seed)
    other_fold_of = fold_of[:0] if others is None else track_folds(others, folds=FOLDS, seed=seed)
    members = []
    for number in range(FOLDS):
        start = monotonic()
        train = table.where(fold_of != number)
        parts = split_for_stopping(train, folds=recipe.validation_folds, seed=seed)
        member = _fit_member(parts, preparation, recipe=recipe, sampling=sampling, seed=seed + number, verbose=0)
        if others is not None:
            known = others.where(other_fold_of != number)
            member = replace(member, stranger=fit_stranger(train, known, preparation.scaler, unlabelled=unlabelled))
        members.append(member)
        say(f"fold {number + 1} of {FOLDS}: {len(member.history['loss'])} epochs, {monotonic() - start:.0f} s")
    judged = may_be_judged(table)
    measured, measured_fold_of = table.where(judged), fold_of[judged]
    raw = by_fold([member.predict(preparation.transform(measured.features)) for member in members], measured_fold_of)
    calibrations = calibrate(raw, measured, certain_accuracy=recipe.certain_accuracy)
    edm = other = None
    if others is not None:
        edm = _strangeness(members, measured, measured_fold_of, preparation)
        other = _strangeness(members, others, other_fold_of, preparation)
        calibrations = with_refusal(calibrations, edm)
    return FittedModel(
        recipe=recipe,
        preparation=preparation,
        members=tuple(members),
        calibrations=calibrations,
        metrics=_metrics(calibrations.answers(raw, measured), calibrations),
        sample=measured.features[:_SAMPLE],
        edm=edm,
        others=other,
    )


def by_fold(answers: Sequence[FloatArray], fold_of: IntArray) -> FloatArray:
    """From each member's answers to all rows (m arrays of n rows): for every row those of its own fold's member."""
    return np.stack(answers)[fold_of, np.arange(len(fold_of))]


def class_weights(labels: IntArray, sampling: Sampling) -> dict[int, float]:
    """Weights that, with the sampling, make every genre count the same in the loss, however many windows it has."""
    present = np.unique(labels)
    weights = compute_class_weight("balanced", classes=present, y=labels) ** (1.0 - sampling.class_balance)
    return dict(zip(present.tolist(), weights.tolist(), strict=True))


def _fit_member(
    parts: Parts, preparation: Preparation, *, recipe: Recipe, sampling: Sampling, seed: int, verbose: int
) -> Member:
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    network = build_network(recipe, inputs=preparation.inputs)
    fitted = network.fit(
        SampledBatches(parts.train, preparation, sampling, batch_size=recipe.batch_size, seed=seed),
        validation_data=_validation_data(parts.validation, preparation),
        epochs=recipe.max_epochs,
        callbacks=callbacks(recipe),
        class_weight=class_weights(parts.train.labels, sampling),
        verbose=verbose,
    )
    round_to_half(network)  # before anything is measured
    return Member(network, fitted.history)


def _validation_data(table: FeatureTable, preparation: Preparation) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows, one-hot genres and weights: the stop, too, counts every genre the same."""
    weights = class_weights(table.labels, Sampling(class_balance=0.0))
    each = np.array([weights[label] for label in table.labels.tolist()], np.float32)
    return preparation.transform(table.features), one_hot(table.labels), each


def _strangeness(
    members: Sequence[Member], table: FeatureTable, fold_of: IntArray, preparation: Preparation
) -> Strangeness:
    rows = preparation.scaler.transform(table.features)
    values = by_fold([member.stranger.strangeness(rows) for member in members if member.stranger], fold_of)
    return Strangeness(values, table.tracks, table.sources)


def _metrics(answers: Answers, calibrations: Calibrations) -> Metrics:
    return measure_answers(
        answers,
        certain_from=calibrations.window.certain_from,
        certain_track_from=calibrations.track.certain_from,
        doubted=calibrations.window.doubted,
    )
