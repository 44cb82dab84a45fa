"""The sheet that the spectrogram and the timeline are drawn on: its size, its font and its bare axes.

Without pyplot, whose global state is not for servers.
"""

import contextlib
from collections.abc import Iterator

from matplotlib import rc_context, rcParams, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from classifier.palette import INK, PAPER

WIDTH_PX, HEIGHT_PX = 960, 540
"""16:9; at the 360 px of a small phone the tick labels are still about 9 px high."""
FONT_PT = 17
_DPI = 100
_STYLELESS = frozenset({"backend", "backend_fallback", "interactive", "toolbar", "timezone", "datapath"})


@contextlib.contextmanager
def own_style() -> Iterator[None]:
    """Draw as matplotlib does where nobody has set anything: a user's `matplotlibrc` or style is for other pictures."""
    changed = {key: value for key, value in rcParamsDefault.items() if key not in _STYLELESS and rcParams[key] != value}
    with rc_context(changed) if changed else contextlib.nullcontext():
        yield


def new_canvas() -> FigureCanvasAgg:
    """An empty sheet (960 × 540), with its figure."""
    return FigureCanvasAgg(Figure(figsize=(WIDTH_PX / _DPI, HEIGHT_PX / _DPI), dpi=_DPI, facecolor=PAPER))


def bare(axes: Axes) -> None:
    """Ticks that can be read on the paper, and no frame."""
    axes.tick_params(colors=INK, labelsize=FONT_PT, length=5)
    for spine in axes.spines.values():
        spine.set_visible(False)
