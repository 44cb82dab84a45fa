"""From raw answers to calibrations and figures: what a fitted model may be believed, measured where it never heard.

Figures are cross-fitted: the answers of a fold are read with temperatures and thresholds from the other folds.
"""

import numpy as np

from training.bundle.contents import Calibrations
from training.data.splits import counts_for_figures, is_evaluable
from training.data.tables import FeatureTable, IntArray
from training.evaluate.metrics import Figures, Metrics, certain_answers, measure, measure_level
from training.evaluate.predictions import Predictions
from training.evaluate.robustness import unchanged_answers
from training.fit.calibration import calibrate
from training.models.recipes import Recipe


def measure_folds(raw: Predictions, table: FeatureTable, fold_of: IntArray, recipe: Recipe) -> Figures:
    """Figures of out-of-fold answers to all rows of a table, over those that count (`counts_for_figures`)."""
    counted = counts_for_figures(table)
    main, folds = raw.where(counted), fold_of[counted]
    calibrations = {int(fold): calibrate(main.where(folds != fold), recipe) for fold in np.unique(folds)}
    return _figures(main, folds, calibrations, unchanged_answers(raw.probabilities, table, counted))


def measure_test(test: Predictions, calibrations: Calibrations, unchanged: dict[str, float] | None = None) -> Figures:
    """Figures of one network's answers to a test part, with calibrations from elsewhere."""
    return _figures(test, np.zeros(len(test), np.int64), {0: calibrations}, unchanged or {})


def measure_track_folds(raw: Predictions, table: FeatureTable) -> Metrics:
    """Figures over all evaluable rows in folds of tracks, without thresholds: they flatter, and only say how much."""
    return measure(raw.where(is_evaluable(table)))


def _figures(
    raw: Predictions, fold_of: IntArray, calibrations: dict[int, Calibrations], unchanged: dict[str, float]
) -> Figures:
    parts = [(raw.where(fold_of == fold), calibration) for fold, calibration in calibrations.items()]
    windows = [calibration.windows(part) for part, calibration in parts]
    tracks = [part.by_track() for part in windows]
    told = [calibration.told(part) for part, calibration in parts]
    levels = [
        measure_level(
            Predictions.joined(answers),
            certain=np.concatenate(
                [certain_answers(answer, thresholds) for answer, thresholds in zip(answers, levels_of, strict=True)]
            ),
        )
        for answers, levels_of in (
            (windows, [calibration.window for _, calibration in parts]),
            (tracks, [calibration.track for _, calibration in parts]),
        )
    ]
    return Figures(
        main=Metrics(windows=levels[0], tracks=levels[1]),
        answer=measure_level(
            Predictions.joined([answers for answers, _, _ in told]),
            certain=np.concatenate([certain for _, certain, _ in told]),
        ),
        listened_share=float(np.concatenate([listened for _, _, listened in told]).mean()),
        unchanged=unchanged,
    )
