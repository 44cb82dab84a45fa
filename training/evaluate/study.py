"""What a study finds out: a model measured beside baselines. A finished bundle is studied in `bundle.study`."""

from collections.abc import Sequence
from dataclasses import dataclass

from classifier.bundle import Thresholds
from training.data.splits import counts_for_figures, is_evaluable, without_near_labels
from training.data.tables import FeatureTable
from training.errors import TrainingError
from training.evaluate.bootstrap import Intervals, bootstrap
from training.evaluate.crossval import SourceResult, cross_validate, leave_one_source_out
from training.evaluate.importance import FamilyImportance, permutation_importance
from training.evaluate.learning_curve import LearningCurve, learning_curve
from training.evaluate.metrics import Metrics, measure
from training.evaluate.predictions import Predictions
from training.evaluate.rejection import Rejection
from training.models.learner import Learner
from training.progress import Progress

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
    answers: Predictions
    metrics: Metrics
    intervals: Intervals


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """All that a report tells; what was not looked at is empty or None.

    `subject` is measured over the rows that count (`data.splits.counts_for_figures`); `everywhere` are its answers to
    all evaluable rows, from every source.
    """

    title: str
    method: str
    warnings: tuple[str, ...]
    everywhere: Predictions
    subject: Measured
    baselines: tuple[Measured, ...]
    importance: tuple[FamilyImportance, ...]
    sources_left_out: tuple[SourceResult, ...] = ()
    learning: LearningCurve | None = None
    goal: float | None = None
    rejection: Rejection | None = None


def measured(
    name: str, answers: Predictions, *, window: Thresholds | None = None, track: Thresholds | None = None
) -> Measured:
    """Figures and intervals of answers."""
    return Measured(
        name=name,
        answers=answers,
        metrics=measure(answers, window=window, track=track),
        intervals=bootstrap(answers, seed=SEED),
    )


def evaluation_rows(table: FeatureTable) -> FeatureTable:
    """The rows a model may be measured on. Raises `TrainingError` if there are none."""
    evaluated = table.where(is_evaluable(table))
    if not len(evaluated):
        raise TrainingError("nothing to measure: every row is an altered copy or only a near label")
    return evaluated


def study_recipe(
    learner: Learner,
    table: FeatureTable,
    *,
    title: str,
    keep_near: frozenset[str],
    baselines: Sequence[Learner],
    curve_learner: Learner | None,
    goal: float | None,
    progress: Progress,
) -> Study:
    """Cross-validate a learner and the baselines on the same folds, leave sources out, and draw the learning curve."""
    evaluation_rows(table)
    usable = without_near_labels(table, keep_near=keep_near)
    models = [learner, *baselines]
    validations = [cross_validate(model, usable, seed=SEED, progress=progress) for model in models]
    answers = [validation.answers() for validation in validations]
    counted = counts_for_figures(validations[0].evaluated)
    results = [measured(model.name, given.where(counted)) for model, given in zip(models, answers, strict=True)]
    left_out = leave_one_source_out(learner, usable, answers[0], seed=SEED, progress=progress)
    curve = learning_curve(curve_learner, usable, seed=SEED, progress=progress) if curve_learner else None
    progress("swapping families of features between tracks")
    return Study(
        title=title,
        method=(
            "The recipe in cross-validation: the origins are dealt into five folds, each genre evenly, and each fold "
            "is answered by a model that learned from the other four."
        ),
        warnings=() if table.has_tracks else (NO_TRACKS,),
        everywhere=answers[0],
        subject=results[0],
        baselines=tuple(results[1:]),
        importance=permutation_importance(validations[0], validations[0].evaluated, seed=SEED),
        sources_left_out=left_out,
        learning=curve,
        goal=goal,
    )
