"""The picture of counts: the largest above, each bar in its genre's colour and as long as its count."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from classifier.arrays import FloatArray
from classifier.canvas import HEIGHT_PX, WIDTH_PX
from classifier.genres import SLUGS
from classifier.palette import colour_of
from classifier.results import NONE, NOT_SURE
from classifier.tally import render_tally


def drawn(counts: dict[str, int]) -> FloatArray:
    picture = Image.open(io.BytesIO(render_tally(counts))).convert("RGB")
    assert picture.size == (WIDTH_PX, HEIGHT_PX)
    return np.asarray(picture, np.float32) / 255


def length(picture: FloatArray, slug: str) -> tuple[int, int]:
    """How many pixels wide a genre's bar is, and where its first row is."""
    is_bar = (np.abs(picture - np.array(to_rgb(colour_of(slug)))) < 0.01).all(axis=2)
    rows = np.flatnonzero(is_bar.sum(axis=1) > 10)
    return int(is_bar[rows[len(rows) // 2]].sum()), int(rows[0])


def test_bars_are_as_long_as_their_counts() -> None:
    picture = drawn({"house": 5, "techno": 20, "trap": 10})
    (techno, first), (trap, second), (house, third) = (length(picture, slug) for slug in ("techno", "trap", "house"))
    assert first < second < third
    assert trap / techno == pytest.approx(0.5, abs=0.02)
    assert house / techno == pytest.approx(0.25, abs=0.02)


def test_what_is_no_genre_and_many_of_them_can_be_drawn() -> None:
    drawn({NOT_SURE: 3, NONE: 1})
    drawn(dict.fromkeys(SLUGS, 1_000_000))


def test_nothing_is_no_picture() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        render_tally({})
