"""Train networks on a table: one with tracks held out to test it, or one for each fold, which answer together.

What they reach is measured in `fit.measure`.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from dataclasses import dataclass, replace
from time import monotonic

import keras
import numpy as np
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from classifier.arrays import FloatArray
from training.bundle.contents import Member, predict
from training.data.sampling import SampledBatches, Sampling, one_hot
from training.data.splits import Parts, split_for_stopping
from training.data.tables import FeatureTable, IntArray
from training.evaluate.predictions import Predictions, by_fold
from training.evaluate.rejection import OodScores
from training.models.mlp import EpochLines, callbacks, for_serving, untrained_network
from training.models.ood import fit_ood_detector
from training.models.preprocessing import Preprocessor
from training.models.recipes import Recipe
from training.progress import Progress

FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class OtherSounds:
    """What the detector of other sounds learns from beside the genres: `non_edm`, each row with its fold (n,), and
    `unlabelled` electronic music of unknown genre, which is not to be refused."""

    non_edm: FeatureTable
    fold_of: IntArray
    unlabelled: FeatureTable | None


@dataclass(frozen=True, slots=True, eq=False)
class FoldFit:
    """One member a fold; `raw` has for every row of the table what the member said that never heard it."""

    preprocessor: Preprocessor
    members: tuple[Member, ...]
    raw: Predictions
    edm: OodScores | None
    others: OodScores | None


def fit_member(
    parts: Parts,
    preprocessor: Preprocessor,
    *,
    recipe: Recipe,
    sampling: Sampling,
    seed: int,
    say: Progress | None = None,
) -> Member:
    """Train one network on the train part, stopped by the validation part; see `Recipe.refit`.

    The same parts and seed give the same weights: every source of chance is seeded and TensorFlow is held to
    deterministic operations. The parts have the recipe's columns and no others. `say` gets a line for each epoch.
    """
    stopped, history = _train(parts.train, preprocessor, recipe, sampling, seed=seed, say=say, stop=parts)
    held_out = predict(stopped, preprocessor.transform(parts.validation.features))
    if not recipe.refit:
        return Member(stopped, history, held_out)
    epochs = int(np.argmin(history["val_loss"])) + 1
    whole, _ = _train(parts.whole, preprocessor, replace(recipe, max_epochs=epochs), sampling, seed=seed)
    return Member(whole, history, held_out)


def fit_folds(
    table: FeatureTable,
    fold_of: IntArray,
    *,
    others: OtherSounds | None = None,
    recipe: Recipe,
    sampling: Sampling,
    seed: int,
    say: Progress,
) -> FoldFit:
    """Train one network for each fold, on the others. The table has the recipe's columns and no others.

    `say` gets a line for each fold.
    """
    preprocessor = Preprocessor.fit(table, recipe)
    members = []
    begun = monotonic()
    for number in range(FOLDS):
        start = monotonic()
        train = table.where(fold_of != number)
        parts = split_for_stopping(train, folds=recipe.validation_folds, seed=seed)
        member = fit_member(parts, preprocessor, recipe=recipe, sampling=sampling, seed=seed + number)
        if others is not None:
            known = others.non_edm.where(others.fold_of != number)
            detector = fit_ood_detector(train, known, preprocessor.scaler, recipe, unlabelled=others.unlabelled)
            member = replace(member, ood_detector=detector)
        members.append(member)
        now = monotonic()
        left_s = (now - begun) / (number + 1) * (FOLDS - number - 1)
        left = f"; about {left_s:.0f} s left" if left_s else ""
        say(f"fold {number + 1} of {FOLDS}: {len(member.history['loss'])} epochs, {now - start:.0f} s{left}")
    rows = preprocessor.transform(table.features)
    raw = by_fold([member.predict(rows) for member in members], fold_of)
    return FoldFit(
        preprocessor=preprocessor,
        members=tuple(members),
        raw=Predictions.of(raw, table),
        edm=_ood_scores(members, table, raw, fold_of, preprocessor) if others else None,
        others=_others_scores(members, others, preprocessor) if others else None,
    )


def class_weights(labels: IntArray, sampling: Sampling) -> dict[int, float]:
    """Weights that, with the sampling, make every genre count the same in the loss, however many windows it has."""
    present = np.unique(labels)
    weights = compute_class_weight("balanced", classes=present, y=labels) ** (1.0 - sampling.class_balance)
    return dict(zip(present.tolist(), weights.tolist(), strict=True))


def _train(
    table: FeatureTable,
    preprocessor: Preprocessor,
    recipe: Recipe,
    sampling: Sampling,
    *,
    seed: int,
    say: Progress | None = None,
    stop: Parts | None = None,
) -> tuple[keras.Model, dict[str, list[float]]]:
    """A trained network and its history; without `stop` it is trained to the last epoch."""
    tf.config.experimental.enable_op_determinism()
    network = untrained_network(recipe, inputs=preprocessor.inputs, seed=seed)
    fitted = network.fit(
        SampledBatches(
            table,
            preprocessor.transform(table.features),
            sampling,
            gain_direction=preprocessor.gain_direction,
            batch_size=recipe.batch_size,
            seed=seed,
        ),
        validation_data=stop and _validation_data(stop.validation, preprocessor),
        epochs=recipe.max_epochs,
        callbacks=[*callbacks(recipe, stops=stop is not None), *([EpochLines(say, recipe.max_epochs)] if say else [])],
        class_weight=class_weights(table.labels, sampling),
        verbose=0,
    )
    return for_serving(network), fitted.history  # before anything is measured


def _validation_data(table: FeatureTable, preprocessor: Preprocessor) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows, one-hot genres and weights: the stop, too, counts every genre the same."""
    weights = class_weights(table.labels, Sampling(class_balance=0.0))
    each = np.array([weights[label] for label in table.labels.tolist()], np.float32)
    return preprocessor.transform(table.features), one_hot(table.labels), each


def _others_scores(members: list[Member], others: OtherSounds, preprocessor: Preprocessor) -> OodScores:
    rows = preprocessor.transform(others.non_edm.features)
    answers = by_fold([member.predict(rows) for member in members], others.fold_of)
    return _ood_scores(members, others.non_edm, answers, others.fold_of, preprocessor)


def _ood_scores(
    members: list[Member], table: FeatureTable, answers: FloatArray, fold_of: IntArray, preprocessor: Preprocessor
) -> OodScores:
    rows = preprocessor.scaler.transform(table.features)
    values = by_fold([member.ood_detector.ood_score(rows) for member in members if member.ood_detector], fold_of)
    return OodScores.of(values, answers, table)
