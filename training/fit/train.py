"""Fit networks on a table and measure them: everything `fit` does before it writes files.

Either one network, with tracks held out to test it; or one for each fold of tracks, which answer together, and each of
which is measured on the fold it never heard.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

import keras
import numpy as np
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from classifier.arrays import FloatArray
from training.bundle.contents import Calibrations, FittedModel, Member
from training.data.sampling import SampledBatches, Sampling, one_hot
from training.data.splits import Parts, is_evaluable, split_for_stopping, track_folds
from training.data.tables import FeatureTable, IntArray
from training.evaluate.metrics import Metrics, measure_answers
from training.evaluate.ood import OodScores
from training.evaluate.predictions import Predictions, by_fold
from training.fit.calibration import calibrate, with_ood_thresholds
from training.models.mlp import build_network, callbacks, round_to_half
from training.models.ood import fit_ood_detector
from training.models.preprocessing import Preprocessor
from training.models.recipes import Recipe
from training.progress import Progress

FOLDS = 5
_SAMPLE = 500


def fit_model(parts: Parts, *, recipe: Recipe, sampling: Sampling, seed: int, verbose: int = 2) -> FittedModel:
    """Train one network on the train part, stop and calibrate on the validation part, measure on the test part.

    The same parts and seed give the same weights: every source of chance is seeded and TensorFlow is held to
    deterministic operations. The parts have the recipe's columns and no others.
    """
    preprocessor = Preprocessor.fit(parts.train, recipe)
    member = _fit_member(parts, preprocessor, recipe=recipe, sampling=sampling, seed=seed, verbose=verbose)
    held_out = member.predict(preprocessor.transform(parts.validation.features))
    calibrations = calibrate(held_out, parts.validation, certain_accuracy=recipe.certain_accuracy)
    answers = calibrations.answers(member.predict(preprocessor.transform(parts.test.features)), parts.test)
    return FittedModel(
        recipe=recipe,
        preprocessor=preprocessor,
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
    tracks are dealt into folds, too. `unlabelled` helps there, see `training.models.ood`. The table has the recipe's
    columns and no others; `say` gets a line for each fold.
    """
    preprocessor = Preprocessor.fit(table, recipe)
    fold_of = track_folds(table, folds=FOLDS, seed=seed)
    other_fold_of = fold_of[:0] if others is None else track_folds(others, folds=FOLDS, seed=seed)
    members = []
    for number in range(FOLDS):
        start = monotonic()
        train = table.where(fold_of != number)
        parts = split_for_stopping(train, folds=recipe.validation_folds, seed=seed)
        member = _fit_member(parts, preprocessor, recipe=recipe, sampling=sampling, seed=seed + number, verbose=0)
        if others is not None:
            known = others.where(other_fold_of != number)
            member = replace(
                member, ood_detector=fit_ood_detector(train, known, preprocessor.scaler, recipe, unlabelled=unlabelled)
            )
        members.append(member)
        say(f"fold {number + 1} of {FOLDS}: {len(member.history['loss'])} epochs, {monotonic() - start:.0f} s")
    evaluated = is_evaluable(table)
    measured, measured_fold_of = table.where(evaluated), fold_of[evaluated]
    raw = by_fold([member.predict(preprocessor.transform(measured.features)) for member in members], measured_fold_of)
    calibrations = calibrate(raw, measured, certain_accuracy=recipe.certain_accuracy)
    edm = other = None
    if others is not None:
        edm = _ood_scores(members, measured, measured_fold_of, preprocessor)
        other = _ood_scores(members, others, other_fold_of, preprocessor)
        calibrations = with_ood_thresholds(calibrations, edm)
    return FittedModel(
        recipe=recipe,
        preprocessor=preprocessor,
        members=tuple(members),
        calibrations=calibrations,
        metrics=_metrics(calibrations.answers(raw, measured), calibrations),
        sample=measured.features[:_SAMPLE],
        edm=edm,
        others=other,
    )


def class_weights(labels: IntArray, sampling: Sampling) -> dict[int, float]:
    """Weights that, with the sampling, make every genre count the same in the loss, however many windows it has."""
    present = np.unique(labels)
    weights = compute_class_weight("balanced", classes=present, y=labels) ** (1.0 - sampling.class_balance)
    return dict(zip(present.tolist(), weights.tolist(), strict=True))


def _fit_member(
    parts: Parts, preprocessor: Preprocessor, *, recipe: Recipe, sampling: Sampling, seed: int, verbose: int
) -> Member:
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    network = build_network(recipe, inputs=preprocessor.inputs)
    fitted = network.fit(
        SampledBatches(
            parts.train,
            preprocessor.transform(parts.train.features),
            sampling,
            gain_direction=preprocessor.gain_direction,
            batch_size=recipe.batch_size,
            seed=seed,
        ),
        validation_data=_validation_data(parts.validation, preprocessor),
        epochs=recipe.max_epochs,
        callbacks=callbacks(recipe),
        class_weight=class_weights(parts.train.labels, sampling),
        verbose=verbose,
    )
    round_to_half(network)  # before anything is measured
    return Member(network, fitted.history)


def _validation_data(table: FeatureTable, preprocessor: Preprocessor) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows, one-hot genres and weights: the stop, too, counts every genre the same."""
    weights = class_weights(table.labels, Sampling(class_balance=0.0))
    each = np.array([weights[label] for label in table.labels.tolist()], np.float32)
    return preprocessor.transform(table.features), one_hot(table.labels), each


def _ood_scores(
    members: Sequence[Member], table: FeatureTable, fold_of: IntArray, preprocessor: Preprocessor
) -> OodScores:
    rows = preprocessor.scaler.transform(table.features)
    values = by_fold([member.ood_detector.ood_score(rows) for member in members if member.ood_detector], fold_of)
    return OodScores(values, table.tracks, table.sources)


def _metrics(answers: Predictions, calibrations: Calibrations) -> Metrics:
    return measure_answers(
        answers,
        certain_from=calibrations.window.certain_from,
        certain_track_from=calibrations.track.certain_from,
        unreliable_genres=calibrations.window.unreliable_genres,
    )
