"""How good a model is: the same figures for every window and, by vote over its windows, for every track."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from classifier.bundle import Thresholds
from classifier.genres import GENRES, SLUGS
from training.data.tables import BoolArray
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


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a bundle. What was measured by origin comes first.

    `main` is what three seconds alone and what whole tracks reach; `answer` what people are told, which is the window's
    answer where that is certain and else what was heard of the track: so of `listened_share` of the windows.
    `unchanged` is the share of windows whose copies of a kind (variant) get the same genre. `by_track` is over all rows
    in folds of tracks, where every origin stands on both sides: it flatters; None where that was not measured.
    """

    main: Metrics
    answer: LevelMetrics
    listened_share: float
    unchanged: dict[str, float]
    by_track: Metrics | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.main.to_dict(),
            "answer": self.answer.to_dict(),
            "listened_share": round(self.listened_share, 4),
            "unchanged": {variant: round(share, 4) for variant, share in self.unchanged.items()},
            **({"folds_by_track": self.by_track.to_dict()} if self.by_track else {}),
        }


def measure(answers: Predictions, *, window: Thresholds | None = None, track: Thresholds | None = None) -> Metrics:
    """Figures of window answers, and of the votes they make; without thresholds nothing is certain."""
    tracks = answers.by_track()
    return Metrics(
        windows=measure_level(answers, certain=certain_answers(answers, window)),
        tracks=measure_level(tracks, certain=certain_answers(tracks, track)),
    )


def certain_answers(answers: Predictions, thresholds: Thresholds | None) -> BoolArray:
    """Which answers (n,) count as certain."""
    if thresholds is None:
        return np.zeros(len(answers), np.bool_)
    needed = np.array([thresholds.certain_from.get(slug, np.inf) for slug in SLUGS])
    return np.asarray(answers.confidence >= needed[answers.predicted], np.bool_)


def measure_level(answers: Predictions, *, certain: BoolArray) -> LevelMetrics:
    """Figures of answers, of which those in `certain` (n,) were given as such."""
    precision, recall, f1, support = precision_recall_fscore_support(
        answers.labels, answers.predicted, labels=_ALL, zero_division=0.0
    )
    present = support > 0
    right = answers.right
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
            f"calibration error {windows.calibration_error:.3f} (tracks {tracks.calibration_error:.3f})   "
            f"certain answers {windows.certain_share:.0%}, of which right {windows.certain_accuracy:.0%}",
        ]
    )


def answer_summary(figures: Figures) -> str:
    """In words what people are told, what folds by track would have said, and how often copies change an answer."""
    answer, other = figures.answer, figures.by_track
    lines = [
        f"the answer people get (it listens on for {figures.listened_share:.0%} of the windows): accuracy "
        f"{answer.accuracy:.3f}   recall {answer.macro_recall:.3f} (macro)   calibration error "
        f"{answer.calibration_error:.3f}   certain {answer.certain_share:.0%}, "
        f"of which right {answer.certain_accuracy:.0%}"
    ]
    if other:
        lines.append(
            f"in folds by track, over all sources, which flatters: windows {other.windows.accuracy:.3f} "
            f"(recall {other.windows.macro_recall:.3f}), tracks {other.tracks.accuracy:.3f} "
            f"(recall {other.tracks.macro_recall:.3f})"
        )
    for variant, share in figures.unchanged.items():
        lines.append(f"answers that a copy ({variant}) leaves unchanged: {share:.0%}")
    return "\n".join(lines)


def genre_table(level: LevelMetrics, tracks: LevelMetrics) -> str:
    """Precision, recall and F1 of each genre's answers as a Markdown table, beside the number of its tracks."""
    head = "| genre | precision | recall | F1 | answers | tracks |\n|---|---|---|---|---|---|"
    rows = [
        f"| {genre.name} | {row.precision:.2f} | {row.recall:.2f} | {row.f1:.2f} | {row.count} | {track.count} |"
        if row.count
        else f"| {genre.name} | – | – | – | 0 | 0 |"
        for genre, row, track in zip(GENRES, level.genres, tracks.genres, strict=True)
    ]
    return "\n".join([head, *rows])
