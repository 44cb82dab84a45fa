"""The picture of a window: a mel spectrogram that is readable at the width of a phone.

Labels are units only, so one picture serves every language. The figure is built once per process and only what changes
is drawn again.
"""

import io
from functools import lru_cache

import librosa
import numpy as np
from librosa.filters import mel as mel_filters
from matplotlib.ticker import FuncFormatter
from PIL import Image

from classifier.arrays import FloatArray
from classifier.canvas import FONT_PT, bare, new_canvas, own_style
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S
from classifier.palette import INK
from classifier.results import Window

_N_FFT, _HOP, _N_MELS = 2048, 256, 128
_FMIN_HZ, _FMAX_HZ = 30.0, SAMPLE_RATE_HZ / 2
_RANGE_DB = 80.0
_TICKS_HZ = (200, 500, 1000, 2000, 4000, 8000)


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
    power = np.abs(librosa.stft(samples, n_fft=_N_FFT, hop_length=_HOP, pad_mode="reflect")) ** 2
    mel = _mel_filters() @ power
    return librosa.power_to_db(mel, ref=np.max, top_db=_RANGE_DB)


class _SpectrogramFigure:
    """One matplotlib figure, used over and over by one process (never by two threads at a time)."""

    def __init__(self) -> None:
        self._canvas = new_canvas()
        figure = self._canvas.figure
        axes = figure.add_axes((0.105, 0.105, 0.765, 0.765))
        bar_axes = figure.add_axes((0.885, 0.105, 0.022, 0.765))
        edges_mel = librosa.hz_to_mel([_FMIN_HZ, _FMAX_HZ])
        self._image = axes.imshow(
            np.zeros((_N_MELS, 2), np.float32),
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=-_RANGE_DB,
            vmax=0.0,
            interpolation="nearest",
            extent=(0.0, WINDOW_S, *edges_mel),
        )
        self._axes = axes
        axes.set_yticks(librosa.hz_to_mel(_TICKS_HZ), [_hertz(tick) for tick in _TICKS_HZ])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda second, _: f"{second:g} s"))
        axes.set_ylabel("Hz", color=INK, fontsize=FONT_PT, rotation=0, labelpad=2)
        axes.yaxis.set_label_coords(-0.06, 1.02)
        bar = figure.colorbar(self._image, cax=bar_axes, ticks=[-80, -60, -40, -20, 0])
        bar_axes.set_title("dB", color=INK, fontsize=FONT_PT, pad=10)
        bar.outline.set_visible(False)
        bare(axes)
        bare(bar_axes)
        self._title = axes.set_title(" ", color=INK, fontsize=FONT_PT + 4, pad=14, fontweight="bold")
        self._changing = (self._image, axes.xaxis, self._title)
        for artist in self._changing:
            artist.set_animated(True)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)

    def draw(self, mel_db: FloatArray, window: Window, title: str) -> bytes:
        bottom, top = self._image.get_extent()[2:]
        self._image.set_data(mel_db)
        self._image.set_extent((window.start_s, window.end_s, bottom, top))
        self._axes.set_xlim(window.start_s, window.end_s)
        self._title.set_text(title.replace("$", r"\$"))
        self._canvas.restore_region(self._background)
        for artist in self._changing:
            self._axes.draw_artist(artist)
        png = io.BytesIO()
        Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB").save(png, "PNG", compress_level=3)
        return png.getvalue()


@lru_cache(maxsize=1)
def _figure() -> _SpectrogramFigure:
    return _SpectrogramFigure()


@lru_cache(maxsize=1)
def _mel_filters() -> FloatArray:
    return mel_filters(sr=SAMPLE_RATE_HZ, n_fft=_N_FFT, n_mels=_N_MELS, fmin=_FMIN_HZ, fmax=_FMAX_HZ)


def _hertz(frequency: int) -> str:
    return f"{frequency // 1000}k" if frequency >= 1000 else str(frequency)
