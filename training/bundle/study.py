"""Measure finished bundles: on any tables, on what they held out of their own, and one against another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.bundle.read import Bundle
from training.data.splits import counts_for_figures
from training.data.tables import FeatureTable
from training.errors import TrainingError
from training.evaluate.compare import Comparison, compare
from training.evaluate.crossval import cross_validate
from training.evaluate.importance import permutation_importance
from training.evaluate.predictions import Predictions
from training.evaluate.rejection import Rejection
from training.evaluate.study import NO_TRACKS, SEED, Measured, Study, evaluation_rows, measured
from training.models.learner import Learner, Predictor
from training.progress import Progress


def study_bundle(bundle: Bundle, table: FeatureTable, *, progress: Progress) -> Study:
    """Measure a finished bundle on tables. There is nothing here that baselines could have learned from."""
    evaluated = evaluation_rows(table)
    return _study(
        bundle,
        bundle,
        bundle.answers(evaluated),
        evaluated,
        method="The finished bundle, measured on the given tables.",
        warnings=tuple(filter(None, [bundle.warning(table), None if table.has_tracks else NO_TRACKS])),
        baselines=(),
        progress=progress,
    )


def study_test_part(bundle: Bundle, table: FeatureTable, *, baselines: Sequence[Learner], progress: Progress) -> Study:
    """Measure a finished bundle on the tracks of its own tables that it did not learn from; likewise the baselines."""
    if bundle.record.folds is not None:
        return _study_folds(bundle, table, baselines=baselines, progress=progress)
    parts = bundle.own_test_part(table)
    others = []
    for learner in baselines:
        progress(f"{learner.name}: learning from the training part")
        answers = Predictions.of(learner.fit(parts.train, seed=SEED).predict(parts.test), parts.test)
        others.append(measured(learner.name, answers.where(counts_for_figures(parts.test))))
    return _study(
        bundle,
        bundle,
        bundle.answers(parts.test),
        parts.test,
        method=(
            "The finished bundle, measured on the test part of its own tables: tracks that neither trained it nor "
            "stopped its training nor calibrated it. The baselines learned from the same training part."
        ),
        warnings=() if table.has_tracks else (NO_TRACKS,),
        baselines=tuple(others),
        progress=progress,
    )


def _study_folds(bundle: Bundle, table: FeatureTable, *, baselines: Sequence[Learner], progress: Progress) -> Study:
    own = bundle.own_folds(table)
    usable, folds = bundle.usable(table), bundle.record.folds or 0
    others = []
    for learner in baselines:
        validation = cross_validate(learner, usable, folds=folds, seed=bundle.record.seed, progress=progress)
        others.append(measured(learner.name, validation.answers().where(counts_for_figures(validation.evaluated))))
    return _study(
        bundle,
        own,
        own.answers(),
        own.evaluated,
        method=(
            "The finished bundle has a network for each of five folds of origins. Here every window is answered only "
            "by the network that learned from the other four folds and never heard its origin; together the networks "
            "answer a little better. The thresholds were chosen on these answers. The baselines were cross-validated "
            "on the same folds."
        ),
        warnings=() if table.has_tracks else (NO_TRACKS,),
        baselines=tuple(others),
        progress=progress,
    )


def _study(
    bundle: Bundle,
    predictor: Predictor,
    answers: Predictions,
    evaluated: FeatureTable,
    *,
    method: str,
    warnings: tuple[str, ...],
    baselines: tuple[Measured, ...],
    progress: Progress,
) -> Study:
    counted = answers.where(counts_for_figures(evaluated))
    subject = measured(bundle.name, counted, window=bundle.metadata.window, track=bundle.metadata.track)
    rejection = bundle.metadata.metrics.get("rejection")
    progress("swapping families of features between tracks")
    return Study(
        title=f"Evaluation of {bundle.name}",
        method=method,
        warnings=warnings,
        everywhere=answers,
        subject=subject,
        baselines=baselines,
        importance=permutation_importance(predictor, evaluated, seed=SEED),
        rejection=Rejection.from_dict(rejection) if rejection else None,
    )


@dataclass(frozen=True, slots=True)
class BundleDifference:
    """Two bundles compared, and what is to be known about the rows."""

    comparison: Comparison
    warnings: tuple[str, ...]


def study_difference(first: Bundle, second: Bundle, table: FeatureTable, *, only_test: bool) -> BundleDifference:
    """Compare two bundles on tables, or on the test part that both held out.

    Raises `TrainingError` where a bundle needs columns that the tables lack, or did not hold out that part.
    """
    if only_test and any(bundle.record.folds is not None for bundle in (first, second)):
        owns = [bundle.own_folds(table) for bundle in (first, second)]
        if not np.array_equal(owns[0].fold_of, owns[1].fold_of):
            raise TrainingError(f"{first.name} and {second.name} were fitted in different folds")
        answers = [own.answers() for own in owns]
    elif only_test:
        evaluated = first.own_test_part(table).test
        if second.own_test_part(table).test.fingerprint() != evaluated.fingerprint():
            raise TrainingError(f"{first.name} and {second.name} held out different test parts of these tables")
        answers = [bundle.answers(evaluated) for bundle in (first, second)]
    else:
        evaluated = evaluation_rows(table)
        answers = [bundle.answers(evaluated) for bundle in (first, second)]
    found = [] if only_test else [first.warning(table), second.warning(table)]
    found.append(None if table.has_tracks else NO_TRACKS)
    return BundleDifference(
        comparison=compare(answers[0], answers[1], names=(first.name, second.name), seed=SEED),
        warnings=tuple(dict.fromkeys(warning for warning in found if warning)),  # each once
    )


def is_better(comparison: Comparison) -> bool:
    """Whether the second bundle names more: a higher macro recall over tracks, and nothing clearly lower at all."""
    figures = [*comparison.windows.figures, *comparison.tracks.figures]
    recall = next(row for row in comparison.tracks.figures if row.name == "macro recall")
    return recall.difference > 0 and not any(row.is_clear and row.difference < 0 for row in figures)
