"""The pictures of a report, drawn without pyplot in colours that the colour-blind can tell apart (Okabe and Ito)."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import PercentFormatter
from PIL import Image

from classifier.canvas import own_style
from classifier.genres import GENRE_BY_SLUG, GENRES
from training.evaluate.bootstrap import FEW_TRACKS, Intervals, LevelIntervals
from training.evaluate.importance import FamilyImportance
from training.evaluate.learning_curve import LearningCurve
from training.evaluate.metrics import LevelMetrics, Metrics
from training.evaluate.reliability import CoveragePoint, ReliabilityBin

FEWEST_IN_BIN = 10
"""Bins of confidence with fewer answers are not drawn: their accuracy is mostly chance."""

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"
_WIDTH_IN = 9.0
_DPI = 110
_COLOURS = 128
_FONT_PT = 12
_CURVES = {"loss": "loss", "accuracy": "accuracy", "precision": "precision", "recall": "recall"}
_NAMES = [genre.name for genre in GENRES]
_LEVELS = (("windows", BLUE, "o"), ("tracks", ORANGE, "s"))


@own_style()
def to_png(figure: Figure) -> bytes:
    """The figure as PNG of at most 128 colours, which takes a third of the space."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(_DPI)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(_COLOURS)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


@own_style()
def draw_confusion(metrics: Metrics, path: Path) -> None:
    """Write the windows' confusion matrix as PNG: each row is a true genre and sums to 100%."""
    path.write_bytes(to_png(confusion(metrics.windows, unit="windows")))


_ABOUT_CURVES = (
    "Training values are of rows that dropout thins out and, in the default model, mixup blends in pairs:\n"
    "so they may be worse than those of the validation, whose rows are whole."
)


@own_style()
def draw_curves(histories: Sequence[Mapping[str, Sequence[float]]], path: Path) -> None:
    """Write loss, accuracy, precision and recall of the training and the validation part over the epochs as PNG.

    One line for each network that was trained.
    """
    figure = Figure(figsize=(11, 7), layout="constrained")
    for number, (key, title) in enumerate(_CURVES.items(), start=1):
        axes = figure.add_subplot(2, 2, number)
        for place, history in enumerate(histories):
            epochs = range(1, len(history[key]) + 1)
            labels = ("training", "validation") if place == 0 else (None, None)
            axes.plot(epochs, history[key], color=BLUE, label=labels[0], alpha=0.8)
            axes.plot(epochs, history[f"val_{key}"], color=ORANGE, label=labels[1], alpha=0.8)
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.supxlabel(_ABOUT_CURVES, fontsize=9, color=GREY)
    path.write_bytes(to_png(figure))


@own_style()
def confusion(level: LevelMetrics, *, unit: str) -> Figure:
    """Confusion matrix: rows are true genres, with how many there are, and sum to 100%; columns are answers.

    `unit` says of what.
    """
    counts = np.array(level.confusion, np.float64)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(_WIDTH_IN, _WIDTH_IN), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for row, column in zip(*np.nonzero(shares >= 0.5), strict=True):  # a zero in every other cell would be noise
        share = shares[row, column]
        colour = "white" if share > 55 else "black"
        axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=_FONT_PT - 1, color=colour)
    axes.set_xticks(range(len(_NAMES)), _NAMES, rotation=90, fontsize=_FONT_PT - 1)
    named = [f"{name} ({row.sum():.0f})" for name, row in zip(_NAMES, counts, strict=True)]
    axes.set_yticks(range(len(_NAMES)), named, fontsize=_FONT_PT - 1)
    axes.set_xticks(np.arange(len(_NAMES) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(_NAMES) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("answer", fontsize=_FONT_PT)
    axes.set_ylabel("genre", fontsize=_FONT_PT)
    axes.set_title(f"Answers in % of each genre's {unit} ({level.count} {unit})", fontsize=_FONT_PT + 1)
    return figure


@own_style()
def genre_recalls(metrics: Metrics, intervals: Intervals) -> Figure:
    """Each genre's recall with its interval, windows and tracks side by side; hollow without one for few tracks."""
    figure = Figure(figsize=(_WIDTH_IN, 6.4), layout="constrained")
    axes = _plain(figure.add_subplot())
    places = np.arange(len(GENRES))[::-1]
    levels: tuple[tuple[LevelMetrics, LevelIntervals], ...] = (
        (metrics.windows, intervals.windows),
        (metrics.tracks, intervals.tracks),
    )
    for (level, ranges), (name, colour, marker), shift in zip(levels, _LEVELS, (0.16, -0.16), strict=True):
        for place, genre, track, range_ in zip(
            places, level.genres, metrics.tracks.genres, ranges.recalls, strict=True
        ):
            if range_ is None:
                continue
            is_sure = track.count >= FEW_TRACKS
            if is_sure:
                axes.plot([range_.low, range_.high], [place + shift] * 2, color=colour, alpha=0.4, linewidth=4)
            filling = colour if is_sure else "white"
            axes.plot(genre.recall, place + shift, marker, color=colour, markerfacecolor=filling, markersize=6)
        axes.plot([], [], marker, color=colour, label=f"{name}, macro {level.macro_recall:.2f}")
        axes.axvline(level.macro_recall, color=colour, linewidth=1, linestyle=":")
    axes.set_yticks(places, _NAMES)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("recall, with the middle 95% of the draws")
    axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1.0), fontsize=_FONT_PT)
    return figure


@own_style()
def reliability_curves(windows: Sequence[ReliabilityBin], tracks: Sequence[ReliabilityBin]) -> Figure:
    """Accuracy against confidence; the size of a point says how many answers it stands for, tiny bins are left out."""
    figure = Figure(figsize=(_WIDTH_IN * 0.75, 5.4), layout="constrained")
    axes = _plain(figure.add_subplot())
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="honest")
    for bins, (name, colour, marker) in zip((windows, tracks), _LEVELS, strict=True):
        total = sum(part.count for part in bins)
        full = [part for part in bins if part.count >= FEWEST_IN_BIN]
        confidence, accuracy = [part.confidence for part in full], [part.accuracy for part in full]
        axes.plot(confidence, accuracy, color=colour, linewidth=1.5, label=name)
        sizes = [20 + 700 * part.count / total for part in full]
        axes.scatter(confidence, accuracy, sizes, color=colour, marker=marker, alpha=0.5)
    _percents(axes, "confidence", "right answers")
    axes.legend(frameon=False, fontsize=_FONT_PT)
    return figure


@own_style()
def coverage_curves(windows: Sequence[CoveragePoint], tracks: Sequence[CoveragePoint], metrics: Metrics) -> Figure:
    """Accuracy of the answers that are given against the share that is; marks for those that are called certain."""
    figure = Figure(figsize=(_WIDTH_IN * 0.75, 5.0), layout="constrained")
    axes = _plain(figure.add_subplot())
    for points, level, (name, colour, marker) in zip(
        (windows, tracks), (metrics.windows, metrics.tracks), _LEVELS, strict=True
    ):
        axes.plot([p.coverage for p in points], [p.accuracy for p in points], color=colour, linewidth=2, label=name)
        if level.certain_share:
            place = (level.certain_share, level.certain_accuracy)
            axes.plot(*place, marker, color=colour, markersize=10, markeredgecolor="white")
    axes.plot([], [], "o", color=GREY, label="called certain")
    _percents(axes, "answers that are given", "right among them")
    axes.legend(frameon=False, fontsize=_FONT_PT)
    return figure


@own_style()
def importance_bars(families: Sequence[FamilyImportance]) -> Figure:
    """Loss of macro recall when a family's values come from other tracks, with its standard deviation."""
    figure = Figure(figsize=(_WIDTH_IN, 0.8 + 0.42 * len(families)), layout="constrained")
    axes = _plain(figure.add_subplot())
    places = np.arange(len(families))[::-1]
    spreads = [family.spread for family in families]
    axes.barh(places, [family.drop for family in families], xerr=spreads, color=BLUE, ecolor=GREY, height=0.65)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set_yticks(places, [f"{_words(family.family)} ({family.columns})" for family in families])
    axes.set_xlabel("loss of macro recall")
    return figure


@own_style()
def learning_curves(curve: LearningCurve) -> Figure:
    """Macro recall of windows and tracks over the number of training tracks, with intervals."""
    figure = Figure(figsize=(_WIDTH_IN * 0.75, 4.8), layout="constrained")
    axes = _plain(figure.add_subplot())
    tracks = [point.tracks for point in curve.points]
    levels = (
        ([p.window_recall for p in curve.points], [p.window_interval for p in curve.points]),
        ([p.track_recall for p in curve.points], [p.track_interval for p in curve.points]),
    )
    for (recalls, ranges), (name, colour, marker) in zip(levels, _LEVELS, strict=True):
        axes.fill_between(tracks, [r.low for r in ranges], [r.high for r in ranges], color=colour, alpha=0.15)
        axes.plot(tracks, recalls, f"-{marker}", color=colour, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(tracks, [f"{count:.0f}" for count in tracks])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("training tracks")
    axes.set_ylabel("macro recall")
    axes.legend(frameon=False, fontsize=_FONT_PT, loc="lower right")
    return figure


@own_style()
def genre_learning_curves(curve: LearningCurve) -> Figure:
    """For each genre its windows' recall over the number of its own training tracks."""
    figure = Figure(figsize=(_WIDTH_IN, 8.4), layout=ConstrainedLayoutEngine(h_pad=0.09))
    for number, slug in enumerate((genre.slug for genre in curve.points[-1].genres), start=1):
        axes = _plain(figure.add_subplot(4, 4, number))
        points = [genre for point in curve.points for genre in point.genres if genre.slug == slug]
        axes.plot(
            [point.tracks for point in points], [point.recall for point in points], "-o", color=BLUE, markersize=4
        )
        axes.set_ylim(0, 1)
        axes.set_xlim(left=0)
        axes.set_title(GENRE_BY_SLUG[slug].name, fontsize=_FONT_PT - 1)
        axes.tick_params(labelsize=_FONT_PT - 3)
    figure.supxlabel("training tracks of the genre", fontsize=_FONT_PT)
    figure.supylabel("recall", fontsize=_FONT_PT)
    return figure


def _plain(axes: Axes) -> Axes:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=_FONT_PT - 1)
    axes.xaxis.label.set_fontsize(_FONT_PT)
    axes.yaxis.label.set_fontsize(_FONT_PT)
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    return axes


def _percents(axes: Axes, x: str, y: str) -> None:
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _words(family: str) -> str:
    return family.replace("_", " ")
