"""The picture shows what is in the sound, where it is."""

import io
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
from PIL import Image

from classifier.arrays import FloatArray
from classifier.canvas import HEIGHT_PX, WIDTH_PX
from classifier.results import Window
from classifier.spectrogram import render_spectrogram
from tests.support.audio import sine

PLOT = (slice(70, 450), slice(110, 830))
"""Rows and columns that lie inside the plot."""


def brightness(png: bytes) -> npt.NDArray[np.float64]:
    image = Image.open(io.BytesIO(png))
    assert image.size == (WIDTH_PX, HEIGHT_PX)
    return np.asarray(image.convert("L"), np.float64)


def test_a_tone_is_one_bright_line_and_a_higher_tone_lies_higher() -> None:
    rows = [int(brightness(render_spectrogram(sine(3.0, hz)))[PLOT].sum(axis=1).argmax()) for hz in (500, 2000, 6000)]
    assert rows == sorted(rows, reverse=True)
    assert min(np.abs(np.diff(rows))) > 50


def test_a_tone_in_the_second_half_is_bright_on_the_right() -> None:
    late = np.concatenate([np.zeros(33_075, np.float32), sine(1.5, 1000.0)])
    left, right = np.split(brightness(render_spectrogram(late))[PLOT], 2, axis=1)
    assert right.max() > left[:, :-20].max() + 50


def test_time_and_title_change_from_picture_to_picture(window: FloatArray) -> None:
    """The figure is kept: nothing of the picture before may stay."""
    first = render_spectrogram(window, window=Window(0.0, 3.0), title="House")
    other = render_spectrogram(sine(3.0, 300.0), window=Window(71.5, 3.0), title="Future Garage/Wave Trap")
    assert first != other
    assert render_spectrogram(window, window=Window(0.0, 3.0), title="House") == first


def test_it_has_256_colours_and_little_to_send(window: FloatArray) -> None:
    png = render_spectrogram(window, title="House")
    assert Image.open(io.BytesIO(png)).mode == "P"
    assert len(png) < 80_000


def test_what_is_loud_and_what_is_written_have_colours_of_their_own(window: FloatArray) -> None:
    """White ink outside, magma's shades inside, the loudest on top of the bar."""
    picture = np.asarray(Image.open(io.BytesIO(render_spectrogram(window, title="House"))).convert("RGB"), np.int64)
    assert picture[:70].max(axis=(0, 1)).tolist() == [0xE8, 0xE8, 0xF0]
    assert picture[75, 860].tolist() > picture[275, 860].tolist() > picture[475, 860].tolist()
    assert picture[482, 850].tolist() == picture[482, 870].tolist() == [0, 0, 4]


def test_a_dollar_in_a_title_is_no_formula(window: FloatArray) -> None:
    render_spectrogram(window, title="$x^2$ and $")


def test_several_processes_draw_the_same(window: FloatArray) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        pictures = set(pool.map(render_spectrogram, [window] * 4))
    assert pictures == {render_spectrogram(window)}


def test_silence_can_be_drawn() -> None:
    assert brightness(render_spectrogram(np.zeros(66_150, np.float32))).shape == (HEIGHT_PX, WIDTH_PX)
