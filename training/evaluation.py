"""How good a model is: accuracy, precision and recall, for every window and by vote over the windows of a track."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support, top_k_accuracy_score

from classifier.features import FloatArray
from classifier.genres import GENRES, SLUGS
from training.calibration import calibration_error
from training.tables import FeatureTable, IntArray


@dataclass(frozen=True, slots=True)
class GenreMetrics:
    """Figures of one genre; `tracks` and `windows` say on how many they rest."""

    slug: str
    precision: float
    recall: float
    f1: float
    windows: int
    tracks: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures over all genres. Macro means are taken over the genres that occur in the test part."""

    windows: int
    tracks: int
    accuracy: float
    macro_precision: float
    macro_recall: float
    top3_accuracy: float
    track_accuracy: float
    track_macro_recall: float
    calibration_error: float
    certain_share: float
    certain_accuracy: float
    genres: tuple[GenreMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Rows: true genre, columns: answer, in the order of `GENRES`."""

    def to_dict(self) -> dict[str, Any]:
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(self).items()}


def measure(probabilities: FloatArray, table: FeatureTable, *, certain_from: float) -> Metrics:
    """Compare calibrated probabilities (n, 16) with the labels of a table."""
    answers = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        table.labels, answers, labels=np.arange(len(SLUGS)), zero_division=0.0
    )
    present = support > 0
    track_labels, track_answers = vote(probabilities, table)
    certain = probabilities.max(axis=1) >= certain_from
    genres = tuple(
        GenreMetrics(
            slug=slug,
            precision=round(float(precision[i]), 4),
            recall=round(float(recall[i]), 4),
            f1=round(float(f1[i]), 4),
            windows=int(support[i]),
            tracks=int((track_labels == i).sum()),
        )
        for i, slug in enumerate(SLUGS)
    )
    right = answers == table.labels
    return Metrics(
        windows=len(table),
        tracks=len(track_labels),
        accuracy=float(accuracy_score(table.labels, answers)),
        macro_precision=float(precision[present].mean()),
        macro_recall=float(recall[present].mean()),
        top3_accuracy=float(top_k_accuracy_score(table.labels, probabilities, k=3, labels=np.arange(len(SLUGS)))),
        track_accuracy=float(accuracy_score(track_labels, track_answers)),
        track_macro_recall=_macro_recall(track_labels, track_answers),
        calibration_error=calibration_error(probabilities, table.labels),
        certain_share=float(certain.mean()),
        certain_accuracy=float(right[certain].mean()) if certain.any() else 0.0,
        genres=genres,
        confusion=tuple(map(tuple, confusion_matrix(table.labels, answers, labels=np.arange(len(SLUGS))).tolist())),
    )


def vote(probabilities: FloatArray, table: FeatureTable) -> tuple[IntArray, IntArray]:
    """True and answered genre of every track: the highest mean log-probability over its windows."""
    tracks, index = np.unique(table.tracks, return_inverse=True)
    sums = np.zeros((len(tracks), len(SLUGS)))
    np.add.at(sums, index, np.log(np.maximum(probabilities, 1e-12)))
    labels = np.zeros(len(tracks), np.int64)
    labels[index] = table.labels
    return labels, sums.argmax(axis=1).astype(np.int64)


def _macro_recall(labels: IntArray, answers: IntArray) -> float:
    return float(np.mean([(answers[labels == label] == label).mean() for label in np.unique(labels)]))


def summary(metrics: Metrics) -> str:
    """The figures in words, one a line."""
    return "\n".join(
        [
            f"test part: {metrics.windows} windows of {metrics.tracks} tracks",
            f"accuracy {metrics.accuracy:.3f}   precision {metrics.macro_precision:.3f} (macro)   "
            f"recall {metrics.macro_recall:.3f} (macro)   top 3 {metrics.top3_accuracy:.3f}",
            f"by vote over a track: accuracy {metrics.track_accuracy:.3f}   "
            f"recall {metrics.track_macro_recall:.3f} (macro)",
            f"calibration error {metrics.calibration_error:.3f}   "
            f"certain answers {metrics.certain_share:.0%}, of which right {metrics.certain_accuracy:.0%}",
        ]
    )


def genre_table(metrics: Metrics) -> str:
    """Precision, recall and F1 of each genre as a Markdown table."""
    head = "| genre | precision | recall | F1 | windows | tracks |\n|---|---|---|---|---|---|"
    rows = [
        f"| {genre.name} | {row.precision:.2f} | {row.recall:.2f} | {row.f1:.2f} | {row.windows} | {row.tracks} |"
        if row.windows
        else f"| {genre.name} | – | – | – | 0 | 0 |"
        for genre, row in zip(GENRES, metrics.genres, strict=True)
    ]
    return "\n".join([head, *rows])
