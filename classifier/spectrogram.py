"""The picture of a window: a mel spectrogram that is readable at the width of a phone.

Labels are units only, so one picture serves every language. It is a PNG of 256 colours, half of the size and a third
of the work of one in true colour; the sheet is built once per process and only what changes is drawn again.
"""

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from classifier.arrays import FloatArray
from classifier.canvas import FONT_PT, HEIGHT_PX, WIDTH_PX, bare, new_canvas, own_style
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.lean_librosa import hann, librosa, mel_filters
from classifier.palette import INK, PAPER
from classifier.results import Window

_N_FFT, _HOP, _N_MELS = 2048, 256, 128
_FMIN_HZ, _FMAX_HZ = 30.0, SAMPLE_RATE_HZ / 2
_RANGE_DB = 80.0
_TICKS_HZ = (200, 500, 1000, 2000, 4000, 8000)
_SECONDS_MARKED = 4
"""At most: of a window each full second."""
_SHADES, _INKS = 224, 32
"""Of the 256 colours of the picture: steps of loudness (0.36 dB), and steps from the paper to the ink of the words."""
_COMPRESSION = 2
"""Of zlib: a tenth less to send would cost twice the time."""


@dataclass(frozen=True, slots=True)
class _Box:
    """A part of the sheet in pixels, counted from the upper left corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def pixels(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.left + self.width)

    def in_figure(self) -> tuple[float, float, float, float]:
        """As matplotlib counts: left, bottom, width and height as shares of the sheet."""
        return (
            self.left / WIDTH_PX, 1.0 - self.bottom / HEIGHT_PX, self.width / WIDTH_PX, self.height / HEIGHT_PX,
        )  # fmt: skip


_PLOT, _BAR = _Box(101, 70, 734, 413), _Box(850, 70, 21, 413)


@own_style()
def render_spectrogram(samples: FloatArray, *, window: Window | None = None, title: str = "") -> bytes:
    """Draw a mel spectrogram of a window as PNG (960 × 540).

    Parameters: `samples` (n,) float32 mono at 22,050 Hz; `window` says where in the track they lie (default: at its
    start); `title` is plain text, without emoji (the font has none). Horizontal: seconds of the track; vertical: Hz
    on the mel scale; colour: dB below the loudest point.

    >>> png = render_spectrogram(np.sin(np.arange(66_150, dtype=np.float32)), title="Techno")
    >>> png[:4]
    b'\\x89PNG'
    """
    window = window or Window(0.0, len(samples) / SAMPLE_RATE_HZ)
    return _figure().draw(_mel_db(samples), window, title)


def _mel_db(samples: FloatArray) -> FloatArray:
    """Mel spectrogram (128, frames) in dB relative to its maximum, at least -80."""
    power = np.abs(librosa.stft(samples, n_fft=_N_FFT, hop_length=_HOP, pad_mode="reflect", window=hann)) ** 2
    mel = _mel_filters() @ power
    return librosa.power_to_db(mel, ref=np.max, top_db=_RANGE_DB)


class _SpectrogramFigure:
    """One sheet of palette indices, used over and over by one process (never by two threads at a time).

    matplotlib draws everything but the spectrogram and the colour bar: what is the same in every picture once, the
    title and the seconds each time.
    """

    def __init__(self) -> None:
        self._canvas = new_canvas()
        figure = self._canvas.figure
        axes, bar_axes = (figure.add_axes(box.in_figure()) for box in (_PLOT, _BAR))
        axes.set_ylim(*librosa.hz_to_mel([_FMIN_HZ, _FMAX_HZ]))
        axes.set_yticks(librosa.hz_to_mel(_TICKS_HZ), [_hertz(tick) for tick in _TICKS_HZ])
        axes.xaxis.set_major_locator(MaxNLocator(nbins=_SECONDS_MARKED, steps=(1, 2, 5, 10)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda second, _: f"{second:g} s"))
        axes.set_ylabel("Hz", color=INK, fontsize=FONT_PT, rotation=0, labelpad=2)
        axes.yaxis.set_label_coords(-0.06, 1.02)
        bar_axes.set_ylim(-_RANGE_DB, 0.0)
        bar_axes.set_yticks([-80, -60, -40, -20, 0])
        bar_axes.yaxis.tick_right()
        bar_axes.xaxis.set_visible(False)
        bar_axes.set_title("dB", color=INK, fontsize=FONT_PT, pad=10)
        for each in (axes, bar_axes):
            each.patch.set_visible(False)
            bare(each)
        self._title = axes.set_title(" ", color=INK, fontsize=FONT_PT + 4, pad=14, fontweight="bold")
        self._axes = axes
        self._changing = (axes.xaxis, self._title)
        for artist in self._changing:
            artist.set_animated(True)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)
        self._sheet = _inked(self._canvas)
        self._sheet[_BAR.pixels] = np.linspace(_SHADES - 1, 0, _BAR.height).round().astype(np.uint8)[:, np.newaxis]

    def draw(self, mel_db: FloatArray, window: Window, title: str) -> bytes:
        self._axes.set_xlim(window.start_s, window.end_s)
        self._title.set_text(title.replace("$", r"\$"))
        self._canvas.restore_region(self._background)
        for artist in self._changing:
            self._axes.draw_artist(artist)
        for strip in (np.s_[: _PLOT.top], np.s_[_PLOT.bottom :]):
            self._sheet[strip] = _inked(self._canvas, strip)
        shades = np.rint((mel_db + _RANGE_DB) * ((_SHADES - 1) / _RANGE_DB)).astype(np.uint8)
        self._sheet[_PLOT.pixels] = _enlarged(shades[::-1], _PLOT.height, _PLOT.width)
        picture = Image.fromarray(self._sheet, "P")
        picture.putpalette(_palette())
        png = io.BytesIO()
        picture.save(png, "PNG", compress_level=_COMPRESSION)
        return png.getvalue()


def _inked(canvas: FigureCanvasAgg, rows: slice = np.s_[:]) -> npt.NDArray[np.uint8]:
    """What matplotlib has drawn with ink on paper, as indices: how much ink there is shows in any of the channels."""
    red = np.asarray(canvas.buffer_rgba())[rows, :, 0]
    paper, ink = (round(255 * to_rgb(colour)[0]) for colour in (PAPER, INK))
    share = np.clip((np.arange(256) - paper) / (ink - paper), 0.0, 1.0)
    return (_SHADES + np.rint(share * (_INKS - 1))).astype(np.uint8)[red]


def _enlarged(shades: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Each pixel has the shade that lies under its middle."""
    rows, columns = (
        ((np.arange(size) + 0.5) * count / size).astype(np.intp)
        for size, count in zip((height, width), shades.shape, strict=True)
    )
    return shades[rows][:, columns]


@lru_cache(maxsize=1)
def _palette() -> bytes:
    """The colours of the indices, three bytes each: loudness first, then from paper to ink."""
    loudness = colormaps["magma"](np.linspace(0.0, 1.0, _SHADES))[:, :3]
    inks = np.linspace(to_rgb(PAPER), to_rgb(INK), _INKS)
    return np.rint(255 * np.vstack([loudness, inks])).astype(np.uint8).tobytes()


@lru_cache(maxsize=1)
def _figure() -> _SpectrogramFigure:
    return _SpectrogramFigure()


@lru_cache(maxsize=1)
def _mel_filters() -> FloatArray:
    return mel_filters(sr=SAMPLE_RATE_HZ, n_fft=_N_FFT, n_mels=_N_MELS, fmin=_FMIN_HZ, fmax=_FMAX_HZ)


def _hertz(frequency: int) -> str:
    return f"{frequency // 1000}k" if frequency >= 1000 else str(frequency)
