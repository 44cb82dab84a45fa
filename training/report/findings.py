"""The sections that explain a study's figures: confidence, sources, features, the number of tracks, and refusals."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classifier.genres import SLUGS
from training.evaluate import plots
from training.evaluate.crossval import SourceResult
from training.evaluate.importance import FamilyImportance
from training.evaluate.learning_curve import LearningCurve, outlook
from training.evaluate.rejection import Rejection
from training.evaluate.reliability import coverage, genre_reliability, reliability
from training.evaluate.study import Study
from training.report.document import Picture, Section, Table
from training.report.wording import NOTHING, figure, genre_name, ranged, share

_THRESHOLDS = tuple(number / 100 for number in range(0, 100, 2))
_SHOWN_THRESHOLDS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_LEFT_OUT = (
    "What people post comes from yet another origin. Closest to that are the figures with a whole source left out of "
    "the training."
)


def confidence_section(study: Study) -> Section:
    windows = study.subject.answers
    tracks = windows.by_track()
    metrics = study.subject.metrics
    bins = [reliability(level.probabilities, level.labels) for level in (windows, tracks)]
    curves = [coverage(level, _THRESHOLDS) for level in (windows, tracks)]
    return Section(
        title="Confidence, and saying “not sure”",
        sentences=(
            "An honest model is right in 60% of the answers it gives with 60% confidence. The calibration error is "
            f"the mean distance from that: {metrics.windows.calibration_error:.3f} over windows, "
            f"{metrics.tracks.calibration_error:.3f} over tracks.",
            "Each genre has a confidence of its own from which on an answer counts as certain. A higher one gives "
            "fewer certain answers, and more of them are right.",
        ),
        pictures=(
            Picture.of(
                plots.reliability_curves(bins[0], bins[1]),
                name="reliability",
                caption=(
                    "Reliability: below the dashed line the model is too sure, above it too modest. Bins of fewer "
                    f"than {plots.FEWEST_IN_BIN} answers are left out."
                ),
                alt="Accuracy against confidence. Windows: "
                + "; ".join(f"at {part.confidence:.0%} confidence {part.accuracy:.0%} right" for part in bins[0])
                + ".",
            ),
            Picture.of(
                plots.coverage_curves(curves[0], curves[1], study.subject.metrics),
                name="coverage",
                caption="Coverage against accuracy; the large marks are the answers that the model calls certain.",
                alt="Accuracy of given answers against the share that is given; the table below holds the figures.",
            ),
        ),
        tables=(_coverage_table(study), _reliability_table(study)),
    )


def _coverage_table(study: Study) -> Table:
    windows = study.subject.answers
    thresholds = _SHOWN_THRESHOLDS
    over_windows = {point.confidence_from: point for point in coverage(windows, thresholds)}
    over_tracks = {point.confidence_from: point for point in coverage(windows.by_track(), thresholds)}
    rows = []
    for threshold in thresholds:
        cells = []
        for points in (over_windows, over_tracks):
            point = points.get(threshold)
            cells += [share(point.coverage), share(point.accuracy)] if point else [share(0), NOTHING]
        rows.append((f"{threshold:.0%}", *cells))
    return Table(
        caption="What is answered from a confidence on, and how much of it is right",
        header=("confidence from", "windows answered", "right", "tracks answered", "right"),
        rows=tuple(rows),
    )


def _reliability_table(study: Study) -> Table:
    windows = study.subject.answers
    over_windows = {row.slug: row for row in genre_reliability(windows)}
    over_tracks = {row.slug: row for row in genre_reliability(windows.by_track())}
    rows = []
    for slug in SLUGS:
        cells: list[str] = []
        for level in (over_windows, over_tracks):
            row = level.get(slug)
            cells += [str(row.answers), share(row.confidence), share(row.accuracy)] if row else ["0", NOTHING, NOTHING]
        rows.append((genre_name(slug), *cells))
    return Table(
        caption="When the answer is this genre: how sure it is on average, and how often it is right",
        header=("answer", "windows", "confidence", "right", "tracks", "confidence", "right"),
        rows=tuple(rows),
    )


def sources_section(study: Study) -> Section | None:
    answers = study.everywhere
    sources = np.unique(answers.sources).tolist()
    if len(sources) < 2 and not study.sources_left_out:
        return None
    rows = []
    for source in sources:
        windows = answers.where(answers.sources == source)
        tracks = windows.by_track()
        rows.append(
            (
                str(source),
                str(len(windows)),
                figure(float(windows.right.mean())),
                figure(windows.macro_recall),
                str(len(tracks)),
                figure(float(tracks.right.mean())),
                figure(tracks.macro_recall),
                str(len(np.unique(windows.labels))),
            )
        )
    table = Table(
        caption="Each source by itself; macro over the genres it has",
        header=("source", "windows", "accuracy", "recall", "tracks", "track accuracy", "track recall", "genres"),
        rows=tuple(rows),
    )
    left_out = (_left_out_table(study.sources_left_out),) if study.sources_left_out else ()
    return Section(
        title="Source by source",
        sentences=(
            "Where a genre comes mostly from one source, a model can learn the source's sound instead of the genre.",
            *((_LEFT_OUT,) if left_out else ()),
        ),
        tables=(table, *left_out),
    )


def _left_out_table(results: Sequence[SourceResult]) -> Table:
    return Table(
        caption="Recall with the whole source left out of the training, and with other tracks of it in (usual)",
        header=("source and genre", "windows", "left out", "usual", "tracks", "left out", "usual"),
        rows=tuple(
            (
                f"{row.source}: {genre_name(row.slug)}",
                str(row.windows),
                figure(row.recall),
                figure(row.usual_recall),
                str(row.tracks),
                figure(row.track_recall),
                figure(row.usual_track_recall),
            )
            for row in results
        ),
    )


def importance_section(families: Sequence[FamilyImportance]) -> Section | None:
    if not families:
        return None
    return Section(
        title="What the model listens to",
        sentences=(
            "All columns of a family together are swapped between tracks; what the macro recall over windows then "
            "loses is what the model took from this family alone. Families that say the same share their worth and "
            "look less important than they are.",
        ),
        pictures=(
            Picture.of(
                plots.importance_bars(families),
                name="importance",
                caption="Loss of macro recall by family of features (number of columns), with its standard deviation",
                alt="Loss of macro recall: " + "; ".join(f"{row.family} {row.drop:.3f}" for row in families) + ".",
            ),
        ),
        tables=(
            Table(
                caption="Loss of macro recall by family of features",
                header=("family", "columns", "loss", "standard deviation"),
                rows=tuple(
                    (row.family.replace("_", " "), str(row.columns), figure(row.drop), figure(row.spread))
                    for row in families
                ),
            ),
        ),
    )


def learning_section(curve: LearningCurve | None, goal: float | None) -> Section | None:
    if curve is None:
        return None
    return Section(
        title="What more tracks would do",
        sentences=(
            f"{curve.learner}, after learning from a growing share of each genre's origins, always tested on the same "
            "held-out origins.",
            outlook(curve, goal=goal),
        ),
        pictures=(
            Picture.of(
                plots.learning_curves(curve),
                name="learning-curve",
                caption="Macro recall over the number of training tracks, on a logarithmic scale",
                alt="Learning curve, windows: "
                + "; ".join(f"{point.tracks:.0f} tracks {point.window_recall:.2f}" for point in curve.points)
                + ".",
            ),
            Picture.of(
                plots.genre_learning_curves(curve),
                name="learning-curve-genres",
                caption="The same for each genre: recall over the number of its own training tracks",
                alt="Learning curves of each genre. Last points: "
                + "; ".join(
                    f"{genre_name(row.slug)} {row.tracks:.0f} tracks {row.recall:.2f}"
                    for row in curve.points[-1].genres
                )
                + ".",
            ),
        ),
        tables=(
            Table(
                caption="Macro recall over the number of training tracks",
                header=("share of the tracks", "tracks", "windows", "tracks' votes"),
                rows=tuple(
                    (
                        share(point.fraction),
                        f"{point.tracks:.0f}",
                        ranged(point.window_recall, point.window_interval),
                        ranged(point.track_recall, point.track_interval),
                    )
                    for point in curve.points
                ),
            ),
        ),
    )


def rejection_section(rejection: Rejection | None) -> Section | None:
    if rejection is None:
        return None
    genres = [replace(row, kind=genre_name(row.kind)) for row in rejection.genres]
    rows = [
        (row.kind, str(row.windows), share(row.refused_windows), str(row.tracks), share(row.refused_tracks))
        for row in (*rejection.kinds, rejection.edm, *genres)
    ]
    return Section(
        title="What is no EDM",
        sentences=(
            "Sound that is like none of the genres should be refused, and electronic dance music should not. The last "
            "rows of the first table say what the threshold costs.",
        ),
        tables=(
            Table(
                caption="Refused at the model's thresholds",
                header=("kind", "windows", "refused", "tracks", "refused"),
                rows=tuple(rows),
            ),
            Table(
                caption="One threshold for all genres: EDM tracks refused, and what is refused of the rest",
                header=("EDM tracks refused", "other tracks refused", "threshold"),
                rows=tuple(
                    (f"{point.edm_refused:.1%}", share(point.others_refused), f"{point.ood_threshold:.3g}")
                    for point in rejection.trade_offs
                ),
            ),
        ),
    )
