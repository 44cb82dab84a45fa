"""Figures are cross-fitted: what is said of a fold was calibrated on the others, on rows that count."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.bundle import Calibration, ListeningCalibration
from classifier.genres import SLUGS
from classifier.probabilities import tempered
from tests.support.tables import answered, hand_made
from training.bundle.contents import Calibrations
from training.data.tables import FeatureTable
from training.evaluate import metrics
from training.evaluate.predictions import Predictions
from training.fit import measure as measuring
from training.fit.calibration import calibrate
from training.fit.measure import measure_folds, measure_test, measure_track_folds
from training.models.recipes import Recipe

RECIPE = Recipe(certain_accuracy=0.6, listening_places=2)
SHARPNESS = (0.5, 1.0, 2.0)
"""How much each fold's network boasts."""


def folds() -> tuple[Predictions, FeatureTable, np.ndarray]:
    """Three folds of 200 tracks of four windows, answered honestly but for their fold's boasting."""
    random = np.random.default_rng(1)
    powers = np.exp(random.normal(0.0, 2.0, (600, 16)))
    honest = powers / powers.sum(axis=1, keepdims=True)
    labels = (honest.cumsum(axis=1) > random.random((600, 1))).argmax(axis=1)
    fold_of = np.repeat(np.arange(3), 200)
    said = np.concatenate([tempered(honest[fold_of == fold], 1 / SHARPNESS[fold]) for fold in range(3)])
    rows = np.repeat(np.arange(600), 4)
    table = hand_made([SLUGS[label] for label in labels[rows]], [f"t{row}" for row in rows], sources=["songs"] * 2_400)
    return Predictions.of(said[rows], table), table, fold_of[rows]


def test_a_fold_is_read_with_what_was_found_on_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, table, fold_of = folds()
    seen: list[set[int]] = []
    numbers = dict(zip(table.tracks.tolist(), fold_of.tolist(), strict=True))

    def watched(part: Predictions, recipe: Recipe) -> Calibrations:
        seen.append({numbers[track] for track in part.tracks.tolist()})
        return calibrate(part, recipe)

    monkeypatch.setattr(measuring, "calibrate", watched)
    figures = measure_folds(raw, table, fold_of, RECIPE)
    assert seen == [{1, 2}, {0, 2}, {0, 1}]
    parts = [calibrate(raw.where(fold_of != fold), RECIPE).windows(raw.where(fold_of == fold)) for fold in range(3)]
    windows = metrics.measure(Predictions.joined(parts)).windows
    assert figures.main.windows.log_loss == pytest.approx(windows.log_loss, rel=1e-6)
    own = metrics.measure(calibrate(raw, RECIPE).windows(raw)).windows
    assert figures.main.windows.log_loss > own.log_loss  # with all folds known, it would have looked better
    assert figures.main.windows.accuracy == own.accuracy


def test_certain_answers_are_counted_by_the_thresholds_of_the_other_folds() -> None:
    """What the other folds' temperature makes of a boasting fold is not as right as it was promised."""
    raw, table, fold_of = folds()
    figures = measure_folds(raw, table, fold_of, RECIPE)
    certain, right = 0, 0
    for fold in range(3):
        found, part = calibrate(raw.where(fold_of != fold), RECIPE), raw.where(fold_of == fold)
        chosen = metrics.certain_answers(found.windows(part), found.window)
        certain, right = certain + chosen.sum(), right + part.right[chosen].sum()
    assert figures.main.windows.certain_share == pytest.approx(certain / len(raw))
    assert figures.main.windows.certain_accuracy == pytest.approx(right / certain)


def test_only_rows_that_count_are_measured() -> None:
    """Copies, and a source that is one origin, say nothing; copies are compared with their windows."""
    raw, table, fold_of = folds()
    variants, sources, origins = table.variants.astype("<U9"), table.sources.astype("<U9"), table.origins.copy()
    variants[2::4] = "tone"  # of window 0, with other answers; of the rest nothing
    windows = table.windows.copy()
    windows[2::4] = 0
    guide = np.isin(table.tracks, [f"t{number}" for number in range(0, 600, 3)])
    sources[guide], origins[guide] = "guide", "one person"
    changed = replace(table, variants=variants, sources=sources, origins=origins, windows=windows)
    probabilities = raw.probabilities.copy()
    other = np.flatnonzero(~guide & (variants == "tone"))[::4]
    probabilities[other] = np.roll(probabilities[other], 1, axis=1)
    figures = measure_folds(Predictions.of(probabilities, changed), changed, fold_of, RECIPE)
    assert figures.main.windows.count == 400 * 3
    assert figures.main.tracks.count == 400
    assert figures.answer.count == 400 * 3
    assert figures.unchanged == {"tone": 0.75}


def test_a_test_part_is_read_with_calibrations_from_elsewhere() -> None:
    """By hand: house is certain from 0.8 on, techno never; unsure windows are heard with two more of their track."""
    calibrations = Calibrations(
        window=Calibration(temperature=1.0, certain_from={"house": 0.8}),
        track=Calibration(temperature=1.0, certain_from={}),
        listening=ListeningCalibration(places=2, temperatures=(1.0, 1.0, 1.0), certain_from={"house": 0.5}),
    )
    table = hand_made(["house"] * 3 + ["techno"], list("aaab"))
    said = answered(["house", "trance", "house", "techno"], [0.9, 0.4, 0.9, 0.9])
    figures = measure_test(Predictions.of(said, table), calibrations)
    assert figures.main.windows.accuracy == pytest.approx(3 / 4)
    assert figures.main.windows.certain_share == pytest.approx(2 / 4)
    assert figures.main.tracks.certain_share == 0.0
    assert figures.answer.accuracy == 1.0  # the second window is outvoted by what is heard beside it
    assert figures.listened_share == pytest.approx(1 / 4)  # of track b there is nothing more to hear
    assert figures.answer.certain_share == pytest.approx(3 / 4)
    assert (figures.unchanged, figures.by_track) == ({}, None)


def test_folds_by_track_are_measured_over_every_source() -> None:
    table = hand_made(["house"] * 4, list("abcd"), sources=["songs"] * 2 + ["guide"] * 2, origins=["x", "y", "z", "z"])
    raw = Predictions.of(answered(["house", "trap", "house", "house"], [0.9] * 4), table)
    assert measure_track_folds(raw, table).windows.accuracy == 0.75
    assert measure_folds(raw, table, np.array([0, 1, 0, 1]), RECIPE).main.windows.accuracy == 0.5
