"""What `evaluate` finds out: a bundle, or its recipe in cross-validation, measured beside the baselines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.answers import Answers
from training.bundles import Bundle
from training.comparison import Comparison, compare
from training.crossval import Progress, SourceResult, cross_validate, leave_one_source_out
from training.errors import TrainingError
from training.evaluation import Metrics, measure_answers
from training.importance import FamilyImportance, permutation_importance
from training.intervals import Intervals, bootstrap
from training.learners import Learner, Predictor
from training.learning import LearningCurve, learning_curve
from training.rejection import Rejection
from training.splits import may_be_judged, without_cousins
from training.tables import FeatureTable

SEED = 1
"""Of folds, draws and permutations: a report on the same tables gives the same figures again."""

NO_TRACKS = (
    "The tables name no tracks. Clips of one mix may lie on both sides of a split, as they do in the public data set "
    "'EDM Music Genres': figures are then higher than they would be for music that was never heard, and intervals "
    "narrower than they should be."
)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One model's answers with its figures."""

    name: str
    answers: Answers
    metrics: Metrics
    intervals: Intervals


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """All that a report tells; what was not looked at is empty or None."""

    title: str
    method: str
    warnings: tuple[str, ...]
    certain_from: float
    subject: Measured
    baselines: tuple[Measured, ...]
    importance: tuple[FamilyImportance, ...]
    sources_left_out: tuple[SourceResult, ...] = ()
    learning: LearningCurve | None = None
    goal: float | None = None
    rejection: Rejection | None = None
    doubted: tuple[str, ...] = ()


def measured(
    name: str,
    answers: Answers,
    *,
    certain_from: float,
    certain_track_from: float | None = None,
    doubted: Sequence[str] = (),
) -> Measured:
    """Figures and intervals of answers."""
    return Measured(
        name=name,
        answers=answers,
        metrics=measure_answers(
            answers, certain_from=certain_from, certain_track_from=certain_track_from, doubted=doubted
        ),
        intervals=bootstrap(answers, seed=SEED),
    )


def judged_rows(table: FeatureTable) -> FeatureTable:
    """The rows a model may be measured on. Raises `TrainingError` if there are none."""
    judged = table.where(may_be_judged(table))
    if not len(judged):
        raise TrainingError("nothing to measure: every row is an altered copy or only a cousin of its genre")
    return judged


def study_bundle(bundle: Bundle, table: FeatureTable, *, progress: Progress) -> Study:
    """Measure a finished bundle on tables. There is nothing here that baselines could have learned from."""
    judged = judged_rows(table)
    return _study(
        bundle,
        bundle,
        bundle.answers(judged),
        judged,
        method="The finished bundle, measured on the given tables.",
        warnings=tuple(filter(None, [bundle.warning(table), None if table.has_tracks else NO_TRACKS])),
        baselines=(),
        progress=progress,
    )


def study_test_part(bundle: Bundle, table: FeatureTable, *, baselines: Sequence[Learner], progress: Progress) -> Study:
    """Measure a finished bundle on the tracks of its own tables that it did not learn from; likewise the baselines."""
    if "folds" in bundle.metadata.data:
        return _study_folds(bundle, table, baselines=baselines, progress=progress)
    parts = bundle.own_test_part(table)
    others = []
    for learner in baselines:
        progress(f"{learner.name}: learning from the training part")
        answers = Answers.of(learner.fit(parts.train, seed=SEED).predict(parts.test), parts.test)
        others.append(measured(learner.name, answers, certain_from=bundle.metadata.window.certain_from))
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
    data = bundle.metadata.data
    usable = bundle.inputs(without_cousins(table, keep_near=frozenset(data["near_kept_for"])))
    others = []
    for learner in baselines:
        validation = cross_validate(learner, usable, folds=data["folds"], seed=data["seed"], progress=progress)
        others.append(measured(learner.name, validation.answers(), certain_from=bundle.metadata.window.certain_from))
    return _study(
        bundle,
        own,
        own.answers(),
        own.judged,
        method=(
            "The finished bundle has a network for each of five folds of tracks. Here every window is answered only by "
            "the network that learned from the other four folds and never heard its track; together the networks "
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
    answers: Answers,
    judged: FeatureTable,
    *,
    method: str,
    warnings: tuple[str, ...],
    baselines: tuple[Measured, ...],
    progress: Progress,
) -> Study:
    certain_from = bundle.metadata.window.certain_from
    doubted = bundle.metadata.window.doubted
    subject = measured(
        bundle.name,
        answers,
        certain_from=certain_from,
        certain_track_from=bundle.metadata.track.certain_from,
        doubted=doubted,
    )
    rejection = bundle.metadata.metrics.get("rejection")
    progress("swapping families of features between tracks")
    return Study(
        title=f"Evaluation of {bundle.name}",
        method=method,
        warnings=warnings,
        certain_from=certain_from,
        doubted=doubted,
        subject=subject,
        baselines=baselines,
        importance=permutation_importance(predictor, judged, seed=SEED),
        rejection=Rejection.from_dict(rejection) if rejection else None,
    )


def study_recipe(
    learner: Learner,
    table: FeatureTable,
    *,
    title: str,
    certain_from: float,
    keep_near: frozenset[str],
    baselines: Sequence[Learner],
    curve_learner: Learner | None,
    goal: float | None,
    progress: Progress,
) -> Study:
    """Cross-validate a learner and the baselines on the same folds, leave sources out, and draw the learning curve."""
    judged_rows(table)
    usable = without_cousins(table, keep_near=keep_near)
    models = [learner, *baselines]
    validations = [cross_validate(model, usable, seed=SEED, progress=progress) for model in models]
    results = [
        measured(model.name, validation.answers(), certain_from=certain_from)
        for model, validation in zip(models, validations, strict=True)
    ]
    left_out = leave_one_source_out(learner, usable, results[0].answers, seed=SEED, progress=progress)
    curve = learning_curve(curve_learner, usable, seed=SEED, progress=progress) if curve_learner else None
    progress("swapping families of features between tracks")
    return Study(
        title=title,
        method=(
            "The recipe in cross-validation: the tracks are dealt into five folds, each genre evenly, and each fold is "
            "answered by a model that learned from the other four."
        ),
        warnings=() if table.has_tracks else (NO_TRACKS,),
        certain_from=certain_from,
        subject=results[0],
        baselines=tuple(results[1:]),
        importance=permutation_importance(validations[0], validations[0].judged, seed=SEED),
        sources_left_out=left_out,
        learning=curve,
        goal=goal,
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
    if only_test and any("folds" in bundle.metadata.data for bundle in (first, second)):
        owns = [bundle.own_folds(table) for bundle in (first, second)]
        if not np.array_equal(owns[0].fold_of, owns[1].fold_of):
            raise TrainingError(f"{first.name} and {second.name} were fitted in different folds")
        answers = [own.answers() for own in owns]
    elif only_test:
        judged = first.own_test_part(table).test
        if second.own_test_part(table).test.fingerprint() != judged.fingerprint():
            raise TrainingError(f"{first.name} and {second.name} held out different test parts of these tables")
        answers = [bundle.answers(judged) for bundle in (first, second)]
    else:
        judged = judged_rows(table)
        answers = [bundle.answers(judged) for bundle in (first, second)]
    found = [] if only_test else [first.warning(table), second.warning(table)]
    found.append(None if table.has_tracks else NO_TRACKS)
    return BundleDifference(
        comparison=compare(answers[0], answers[1], names=(first.name, second.name), seed=SEED),
        warnings=tuple(dict.fromkeys(warning for warning in found if warning)),  # each once
    )
