"""The picture of how often which genres were named: a bar for each, in its colour.

Its words are the genres' names, which are the same in every language, and marks for what was no genre.
"""

import io
from collections.abc import Mapping

from matplotlib.ticker import MaxNLocator

from classifier.canvas import FONT_PT, bare, new_canvas, own_style
from classifier.genres import GENRE_BY_SLUG
from classifier.palette import INK, PAPER, colour_of
from classifier.results import NONE, NOT_SURE

_MARKS = {NOT_SURE: "?", NONE: "–"}
_GREY = "#9a9ab0"
_MOST_BARS = 10


@own_style()
def render_tally(counts: Mapping[str, int]) -> bytes:
    """Draw counts by slug (or `NOT_SURE`, `NONE`) as PNG (960 × 540): the largest above, no more than ten.

    Raises ValueError where there are none.
    """
    largest = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_BARS]
    if not largest:
        raise ValueError("nothing to draw")
    canvas = new_canvas()
    axes = canvas.figure.add_axes((0.34, 0.08, 0.58, 0.88), facecolor=PAPER)
    places = range(len(largest))
    colours = [colour_of(slug) if slug in GENRE_BY_SLUG else _GREY for slug, _ in largest]
    bars = axes.barh(places, [count for _, count in largest], color=colours, height=0.7)
    axes.bar_label(bars, padding=6, color=INK, fontsize=FONT_PT)
    axes.set_yticks(places, [_MARKS.get(slug) or GENRE_BY_SLUG[slug].name for slug, _ in largest])
    axes.set_ylim(max(len(largest), 4) - 0.5, -0.5)
    axes.set_xlim(0.0, largest[0][1] * 1.12)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.grid(axis="x", color=INK, alpha=0.2)
    axes.set_axisbelow(True)
    bare(axes)
    out = io.BytesIO()
    canvas.print_png(out)
    return out.getvalue()
