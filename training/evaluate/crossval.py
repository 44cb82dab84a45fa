"""Cross-validation by origin, and with whole sources left out: figures that rest on every track there is."""

from dataclasses import dataclass
from time import monotonic

import numpy as np

from classifier.arrays import FloatArray
from classifier.genres import SLUGS
from training.data.splits import is_evaluable, origin_folds
from training.data.tables import FeatureTable, IntArray
from training.errors import TrainingError
from training.evaluate.predictions import Predictions
from training.models.learner import Learner, Predictor
from training.progress import Progress

FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """What one predictor for each fold answered on origins it had not learned from.

    It is a predictor itself, for the rows of `evaluated` or altered values in the same rows: each row is answered by
    the predictor of its fold.
    """

    evaluated: FeatureTable
    fold_of: IntArray
    predictors: tuple[Predictor, ...]

    def predict(self, table: FeatureTable) -> FloatArray:
        """Probabilities (n, 16); `table` has the rows of `evaluated` in the same order."""
        probabilities = np.zeros((len(table), len(SLUGS)), np.float32)
        for number, predictor in enumerate(self.predictors):
            rows = np.flatnonzero(self.fold_of == number)
            if len(rows):
                probabilities[rows] = predictor.predict(table.where(rows))
        return probabilities

    def answers(self) -> Predictions:
        return Predictions.of(self.predict(self.evaluated), self.evaluated)


@dataclass(frozen=True, slots=True)
class SourceResult:
    """How a genre's windows from one source fare with a model that never heard that source.

    `recall` and `track_recall` are without the source, `usual_recall` and `usual_track_recall` on the same windows in
    cross-validation, where other tracks of the source trained.
    """

    source: str
    slug: str
    windows: int
    tracks: int
    recall: float
    track_recall: float
    usual_recall: float
    usual_track_recall: float


def cross_validate(
    learner: Learner, table: FeatureTable, *, folds: int = FOLDS, seed: int, progress: Progress
) -> CrossValidation:
    """Fit on all folds but one and evaluate that one, in turn.

    Every row of `table` may train; only plain, well labelled windows are evaluated. `progress` gets a line a fold.
    """
    fold_of = origin_folds(table, folds=folds, seed=seed)
    predictors = []
    for number in range(folds):
        start = monotonic()
        predictors.append(learner.fit(table.where(fold_of != number), seed=seed))
        progress(f"{learner.name}: fold {number + 1} of {folds}, {monotonic() - start:.0f} s")
    evaluated = is_evaluable(table)
    return CrossValidation(evaluated=table.where(evaluated), fold_of=fold_of[evaluated], predictors=tuple(predictors))


def leave_one_source_out(
    learner: Learner, table: FeatureTable, usual: Predictions, *, seed: int, progress: Progress
) -> tuple[SourceResult, ...]:
    """Train without a source, test on its windows of the genres that other sources have too; for each source.

    A source is passed over, and `progress` told, where the others are too little to learn from.
    `usual` are the answers of a cross-validation to the evaluated rows of the same table, to compare with.
    """
    evaluated = table.where(is_evaluable(table))
    results: list[SourceResult] = []
    for source in np.unique(evaluated.sources).tolist():
        inside = evaluated.sources == source
        shared = np.intersect1d(evaluated.labels[inside], evaluated.labels[~inside])
        rows = np.flatnonzero(inside & np.isin(evaluated.labels, shared))
        if not len(rows):
            continue
        try:
            predictor = learner.fit(table.where(table.sources != source), seed=seed)
        except TrainingError as error:
            progress(f"{learner.name}: the source {source} cannot be left out: {error}")
            continue
        progress(f"{learner.name}: without the source {source}")
        answers = Predictions.of(predictor.predict(evaluated.where(rows)), evaluated.where(rows))
        results += [_source_result(source, int(label), answers, usual.where(rows)) for label in shared]
    return tuple(results)


def _source_result(source: str, label: int, answers: Predictions, usual: Predictions) -> SourceResult:
    answers, usual = answers.where(answers.labels == label), usual.where(usual.labels == label)
    voted = answers.by_track()
    return SourceResult(
        source=source,
        slug=SLUGS[label],
        windows=len(answers),
        tracks=len(voted),
        recall=float(answers.right.mean()),
        track_recall=float(voted.right.mean()),
        usual_recall=float(usual.right.mean()),
        usual_track_recall=float(usual.by_track().right.mean()),
    )
