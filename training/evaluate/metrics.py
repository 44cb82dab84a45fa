"""How good a model is: the same figures for every window and, by vote over its windows, for every track."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from classifier.arrays import FloatArray
from classifier.genres import GENRES, SLUGS
from training.data.tables import FeatureTable
from training.evaluate.predictions import Predictions
from training.evaluate.reliability import calibration_error, log_loss

_ALL = np.arange(len(SLUGS))


@dataclass(frozen=True, slots=True)
class GenreMetrics:
    """Figures of one genre; they rest on `count` windows or tracks, and 0 says that there was nothing to measure."""

    slug: str
    precision: float
    recall: float
    f1: float
    count: int


@dataclass(frozen=True, slots=True)
class LevelMetrics:
    """Figures over `count` windows or tracks. Macro means are taken over the genres that occur among them."""

    count: int
    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    top3_accuracy: float
    log_loss: float
    calibration_error: float
    certain_share: float
    certain_accuracy: float
    genres: tuple[GenreMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Rows: true genre, columns: answer, in the order of `GENRES`."""

    def to_dict(self) -> dict[str, Any]:
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of all windows, and of all tracks."""

    windows: LevelMetrics
    tracks: LevelMetrics

    def to_dict(self) -> dict[str, Any]:
        """As a bundle's metadata keeps them: the windows' figures, and those of the tracks under `by_track`."""
        windows, tracks = self.windows.to_dict(), self.tracks.to_dict()
        return {"windows": windows.pop("count"), "tracks": tracks.pop("count"), **windows, "by_track": tracks}


def measure(probabilities: FloatArray, table: FeatureTable, *, certain_from: float) -> Metrics:
    """Compare calibrated probabilities (n, 16) with the labels of a table."""
    return measure_answers(Predictions.of(probabilities, table), certain_from=certain_from)


def measure_answers(
    answers: Predictions,
    *,
    certain_from: float,
    certain_track_from: float | None = None,
    unreliable_genres: Sequence[str] = (),
) -> Metrics:
    """Figures of window answers, and of the votes they make; without its own threshold a track has the windows'.

    `unreliable_genres` are the genres (slugs) whose answers are never certain.
    """
    track_from = certain_from if certain_track_from is None else certain_track_from
    return Metrics(
        windows=_level(answers, certain_from=certain_from, unreliable_genres=unreliable_genres),
        tracks=_level(answers.by_track(), certain_from=track_from, unreliable_genres=unreliable_genres),
    )


def _level(answers: Predictions, *, certain_from: float, unreliable_genres: Sequence[str]) -> LevelMetrics:
    precision, recall, f1, support = precision_recall_fscore_support(
        answers.labels, answers.predicted, labels=_ALL, zero_division=0.0
    )
    present = support > 0
    right = answers.right
    reliable = ~np.isin(answers.predicted, [SLUGS.index(slug) for slug in unreliable_genres])
    certain = reliable & (answers.confidence >= certain_from)
    return LevelMetrics(
        count=len(answers),
        accuracy=float(right.mean()),
        macro_precision=float(precision[present].mean()),
        macro_recall=float(recall[present].mean()),
        macro_f1=float(f1[present].mean()),
        top3_accuracy=float(answers.among_three.mean()),
        log_loss=log_loss(answers.probabilities, answers.labels),
        calibration_error=calibration_error(answers.probabilities, answers.labels),
        certain_share=float(certain.mean()),
        certain_accuracy=float(right[certain].mean()) if certain.any() else 0.0,
        genres=tuple(
            GenreMetrics(
                slug=slug,
                precision=round(float(precision[i]), 4),
                recall=round(float(recall[i]), 4),
                f1=round(float(f1[i]), 4),
                count=int(support[i]),
            )
            for i, slug in enumerate(SLUGS)
        ),
        confusion=tuple(map(tuple, confusion_matrix(answers.labels, answers.predicted, labels=_ALL).tolist())),
    )


def summary(metrics: Metrics) -> str:
    """The figures in words, one a line."""
    windows, tracks = metrics.windows, metrics.tracks
    return "\n".join(
        [
            f"measured on {windows.count} windows of {tracks.count} tracks",
            f"accuracy {windows.accuracy:.3f}   precision {windows.macro_precision:.3f} (macro)   "
            f"recall {windows.macro_recall:.3f} (macro)   top 3 {windows.top3_accuracy:.3f}",
            f"by vote over a track: accuracy {tracks.accuracy:.3f}   precision {tracks.macro_precision:.3f} (macro)   "
            f"recall {tracks.macro_recall:.3f} (macro)   top 3 {tracks.top3_accuracy:.3f}",
            f"calibration error {windows.calibration_error:.3f}   "
            f"certain answers {windows.certain_share:.0%}, of which right {windows.certain_accuracy:.0%}",
        ]
    )


def genre_table(metrics: Metrics) -> str:
    """Precision, recall and F1 of each genre's windows as a Markdown table."""
    head = "| genre | precision | recall | F1 | windows | tracks |\n|---|---|---|---|---|---|"
    rows = [
        f"| {genre.name} | {row.precision:.2f} | {row.recall:.2f} | {row.f1:.2f} | {row.count} | {tracks.count} |"
        if row.count
        else f"| {genre.name} | – | – | – | 0 | 0 |"
        for genre, row, tracks in zip(GENRES, metrics.windows.genres, metrics.tracks.genres, strict=True)
    ]
    return "\n".join([head, *rows])
