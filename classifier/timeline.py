"""The picture of a whole track: time from left to right, a colour for each genre, confidence as height.

Its words are the same in every language, so one picture serves all.
"""

import io

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MultipleLocator, PercentFormatter

from classifier.canvas import FONT_PT, bare, new_canvas, own_style
from classifier.palette import INK, PAPER, colour_of
from classifier.results import TrackClassification, clock

_LEGEND_ENTRIES = 4
_PALE = 0.35
"""Opacity of the bars of a track that sounds like none of the genres."""
_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_MOST_TICKS = 8
"""Times are marked at round seconds and minutes, and so few that their labels do not touch."""


@own_style()
def render_timeline(track: TrackClassification) -> bytes:
    """Draw a track's parts as PNG (960 × 540): a bar for each, as wide as it is long and as high as it is sure.

    The title has the genre, the tempo and the key as DJs write it.
    A track that sounds like none of the genres has pale bars: what is closest.
    """
    canvas = new_canvas()
    figure = canvas.figure
    opacity = 1.0 if track.familiar else _PALE
    axes = figure.add_axes((0.1, 0.1, 0.87, 0.66), facecolor=PAPER)
    for part in track.parts:
        axes.bar(
            part.window.start_s, part.confidence, part.window.duration_s, align="edge",
            color=colour_of(part.genre.slug), alpha=opacity,
        )  # fmt: skip
    _draw_axes(axes, track)
    figure.suptitle(_title(track), color=INK, fontsize=FONT_PT + 2, fontweight="bold", y=0.985)
    named = track.shares[:_LEGEND_ENTRIES]
    handles = [Rectangle((0, 0), 1, 1, color=colour_of(s.genre.slug), alpha=opacity) for s in named]
    labels = [f"{share.genre.name} {share.confidence:.0%}" for share in named]
    figure.legend(
        handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.93), ncols=2,
        fontsize=FONT_PT - 1, frameon=False, labelcolor=INK,
    )  # fmt: skip
    out = io.BytesIO()
    canvas.print_png(out)
    return out.getvalue()


def _draw_axes(axes: Axes, track: TrackClassification) -> None:
    start_s, end_s = track.parts[0].window.start_s, track.parts[-1].window.end_s
    axes.set_xlim(start_s, end_s)
    axes.set_ylim(0.0, 1.0)
    few = (step_s for step_s in _TICK_STEPS_S if (end_s - start_s) / step_s < _MOST_TICKS)
    axes.xaxis.set_major_locator(MultipleLocator(next(few, (end_s - start_s) / _MOST_TICKS)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda time_s, _: clock(time_s)))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y", color=INK, alpha=0.2)
    bare(axes)


def _title(track: TrackClassification) -> str:
    facts = [track.title]
    if track.tempo is not None and track.tempo.is_sure:
        facts.append(f"{track.tempo.bpm:.0f} BPM")
    if track.key is not None:
        facts.append(track.key.key.camelot)
    return " · ".join(facts)
