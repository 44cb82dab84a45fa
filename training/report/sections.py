"""A study told as a document: which figures stand where, and what they mean. What explains them is in `findings`."""

import numpy as np

from classifier.genres import GENRES
from training.evaluate import plots
from training.evaluate.bootstrap import FEW_TRACKS, REPEATS, LevelIntervals
from training.evaluate.metrics import LevelMetrics
from training.evaluate.study import Measured, Study
from training.report import findings
from training.report.document import Document, Picture, Section, Table, Tile
from training.report.wording import NOTHING, counted, figure, genre_name, ranged, share

_MOST_CONFUSED = 10


def study_document(study: Study) -> Document:
    """The report of a study."""
    windows, tracks = study.subject.metrics.windows, study.subject.metrics.tracks
    sections = [
        _overall(study.subject),
        _baselines(study),
        _genres(study.subject),
        _confusions(study.subject),
        findings.confidence_section(study),
        findings.sources_section(study),
        findings.importance_section(study.importance),
        findings.learning_section(study.learning, study.goal),
        findings.rejection_section(study.rejection),
        _method(),
    ]
    return Document(
        title=study.title,
        lead=f"{study.method} {counted(windows.count, 'window')} of {counted(tracks.count, 'track')} were evaluated.",
        warnings=study.warnings,
        tiles=_tiles(study.subject),
        sections=tuple(section for section in sections if section is not None),
    )


def _tiles(subject: Measured) -> tuple[Tile, ...]:
    tiles = []
    levels = (
        ("a window", subject.metrics.windows, subject.intervals.windows),
        ("a track", subject.metrics.tracks, subject.intervals.tracks),
    )
    for unit, level, intervals in levels:
        for label, value, interval in (
            ("Macro recall", level.macro_recall, intervals.macro_recall),
            ("Accuracy", level.accuracy, intervals.accuracy),
            ("Top 3", level.top3_accuracy, intervals.top3_accuracy),
        ):
            tiles.append(Tile(f"{label}, {unit}", f"{value:.2f}", f"95%: {interval.low:.2f}–{interval.high:.2f}"))
    return tuple(tiles)


def _overall(subject: Measured) -> Section:
    columns = [
        _column(subject.metrics.windows, subject.intervals.windows),
        _column(subject.metrics.tracks, subject.intervals.tracks),
    ]
    names = (
        "answers evaluated",
        "accuracy",
        "precision, macro",
        "recall, macro",
        "F1, macro",
        "right one among the first three",
        "log loss (nats)",
        "calibration error",
        "answers called certain",
        "right among those",
    )
    return Section(
        title="Windows and tracks",
        sentences=(
            "A window is three seconds. A track's answer is the vote of its windows: the genre with the highest mean "
            "log-probability. Macro figures count every genre the same, however many tracks it has. In brackets: the "
            "middle 95% of what other draws of the same number of tracks give.",
        ),
        tables=(
            Table(
                caption="All figures at both levels",
                header=("figure", "windows", "tracks"),
                rows=tuple(zip(names, *columns, strict=True)),
            ),
        ),
    )


def _column(level: LevelMetrics, intervals: LevelIntervals) -> tuple[str, ...]:
    return (
        f"{level.count:,}",
        ranged(level.accuracy, intervals.accuracy),
        figure(level.macro_precision),
        ranged(level.macro_recall, intervals.macro_recall),
        ranged(level.macro_f1, intervals.macro_f1),
        ranged(level.top3_accuracy, intervals.top3_accuracy),
        figure(level.log_loss),
        figure(level.calibration_error),
        share(level.certain_share),
        share(level.certain_accuracy) if level.certain_share else NOTHING,
    )


def _baselines(study: Study) -> Section | None:
    if not study.baselines:
        return None
    rows = [
        (
            model.name,
            *(figure(value) for value in (windows.accuracy, windows.macro_recall, windows.macro_f1)),
            *(figure(value) for value in (windows.top3_accuracy, windows.log_loss, windows.calibration_error)),
            *(figure(value) for value in (tracks.accuracy, tracks.macro_recall, tracks.top3_accuracy)),
        )
        for model in (study.subject, *study.baselines)
        for windows, tracks in [(model.metrics.windows, model.metrics.tracks)]
    ]
    return Section(
        title="Beside simpler models",
        sentences=(
            "The baselines learned from the same tracks and answered the same windows. The majority always answers "
            "the most frequent genre. Only the confidence of the first model is calibrated.",
        ),
        tables=(
            Table(
                caption="The model and the baselines; the last three columns are by track",
                header=(
                    "model", "accuracy", "recall", "F1", "top 3", "log loss", "cal. error",
                    "track accuracy", "track recall", "track top 3",
                ),
                rows=tuple(rows),
            ),
        ),
    )  # fmt: skip


def _genres(subject: Measured) -> Section:
    metrics, intervals = subject.metrics, subject.intervals
    measured = [row for row in metrics.windows.genres if row.count]
    best, worst = max(measured, key=lambda row: row.recall), min(measured, key=lambda row: row.recall)
    picture = Picture.of(
        plots.genre_recalls(metrics, intervals),
        name="genre-recalls",
        caption=(
            "Recall of each genre: points are measured, bars hold the middle 95% of other draws of tracks. Hollow "
            f"points rest on fewer than {FEW_TRACKS} tracks."
        ),
        alt=(
            f"Recall of {len(measured)} genres, windows and tracks. Of windows highest for "
            f"{genre_name(best.slug)} ({best.recall:.2f}), lowest for {genre_name(worst.slug)} ({worst.recall:.2f}). "
            "The tables below hold all figures."
        ),
    )
    few = [genre_name(row.slug) for row in metrics.tracks.genres if 0 < row.count < FEW_TRACKS]
    warning = (f"Fewer than {FEW_TRACKS} tracks, so hardly measured: {', '.join(few)}.",) if few else ()
    return Section(
        title="Genre by genre",
        sentences=warning,
        pictures=(picture,),
        tables=(
            _genre_table("windows", metrics.windows, metrics.tracks, intervals.windows),
            _genre_table("tracks", metrics.tracks, metrics.tracks, intervals.tracks),
        ),
    )


def _genre_table(unit: str, level: LevelMetrics, tracks: LevelMetrics, intervals: LevelIntervals) -> Table:
    rows = []
    for row, track, interval in zip(level.genres, tracks.genres, intervals.recalls, strict=True):
        if interval is None:
            rows.append((genre_name(row.slug), "0", *[NOTHING] * 3))
            continue
        recall = figure(row.recall) if track.count < FEW_TRACKS else ranged(row.recall, interval)
        rows.append((genre_name(row.slug), str(row.count), figure(row.precision), recall, figure(row.f1)))
    return Table(caption=f"Each genre's {unit}", header=("genre", unit, "precision", "recall", "F1"), rows=tuple(rows))


def _confusions(subject: Measured) -> Section:
    levels = (("windows", subject.metrics.windows), ("tracks", subject.metrics.tracks))
    worst = _most_confused(subject.metrics.windows)
    return Section(
        title="What is taken for what",
        sentences=("Each row of a matrix is a true genre and sums to 100%; the diagonal is its recall.",),
        pictures=tuple(
            Picture.of(
                plots.confusion(level, unit=unit),
                name=f"confusion-{unit}",
                caption=f"Confusion matrix of the {unit}",
                alt=(
                    f"Confusion matrix of {level.count} {unit}: {level.accuracy:.0%} lie on the diagonal. The most "
                    "frequent mistakes are in the table below."
                ),
            )
            for unit, level in levels
        ),
        tables=(
            Table(
                caption="The most frequent mistakes over windows",
                header=("genre", "taken for", "windows", "of the genre"),
                rows=worst,
            ),
        ),
    )


def _most_confused(level: LevelMetrics) -> tuple[tuple[str, ...], ...]:
    counts = np.array(level.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0.0)
    order = np.argsort(-shares, axis=None, kind="stable")[:_MOST_CONFUSED]
    cells = [np.unravel_index(place, shares.shape) for place in order]
    return tuple(
        (GENRES[row].name, GENRES[column].name, str(counts[row, column]), share(shares[row, column]))
        for row, column in cells
        if shares[row, column] > 0
    )


def _method() -> Section:
    return Section(
        title="How this was measured",
        sentences=(
            "Evaluated are windows as they were recorded whose label is sure; altered copies and near labels may train "
            "but are never evaluated. All tracks of an origin "
            "lie on one side; sources that are one big origin train, but are not counted.",
            f"Intervals: {REPEATS:,} draws of whole tracks with replacement within each genre. They hold the chance in "
            "the choice of tracks, not that in labels or training. With fewer than "
            f"{FEW_TRACKS} tracks of a genre none is given.",
        ),
    )
