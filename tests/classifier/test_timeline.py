"""The timeline: a bar for each part, in its genre's colour and as high as it is sure; few round times below it."""

import io

import numpy as np
import pytest
from PIL import Image

from classifier.arrays import FloatArray
from classifier.canvas import HEIGHT_PX, WIDTH_PX
from classifier.genres import GENRE_BY_SLUG, Genre
from classifier.results import GenreScore, Segment, Tempo, TrackClassification, Window
from classifier.timeline import render_timeline

HOUSE, TECHNO = GENRE_BY_SLUG["house"], GENRE_BY_SLUG["techno"]
LEFT, RIGHT, BOTTOM, TOP = 0.1, 0.97, 0.1, 0.76
"""Where the axes lie in the picture."""


SHARES = (GenreScore(HOUSE, 0.6), GenreScore(TECHNO, 0.4))


def track(
    *genres: Genre,
    familiar: bool = True,
    tempo: Tempo | None = None,
    part_s: float = 10.0,
    shares: tuple[GenreScore, ...] = SHARES,
) -> TrackClassification:
    return TrackClassification(
        scores=SHARES,
        parts=tuple(Segment(Window(part_s * n, part_s), genre, 0.5) for n, genre in enumerate(genres)),
        shares=shares,
        certain=familiar,
        familiar=familiar,
        tempo=tempo,
        key=None,
        model_version="m-1",
    )


def drawn(of: TrackClassification) -> FloatArray:
    """The picture (540, 960, 3), from 0 to 1."""
    picture = Image.open(io.BytesIO(render_timeline(of))).convert("RGB")
    assert picture.size == (WIDTH_PX, HEIGHT_PX)
    return np.asarray(picture, np.float32) / 255


def at(picture: FloatArray, across: float, up: float) -> FloatArray:
    """The colour at a place of the axes: shares of their width and of their height."""
    x = (LEFT + across * (RIGHT - LEFT)) * WIDTH_PX
    y = (1 - BOTTOM - up * (TOP - BOTTOM)) * HEIGHT_PX
    return picture[int(y), int(x)]


def test_a_colour_for_each_genre_as_high_as_it_is_sure() -> None:
    picture = drawn(track(HOUSE, HOUSE, TECHNO))
    empty = at(picture, 0.5, 0.55)
    first, second, third = (at(picture, across, 0.45) for across in (0.16, 0.5, 0.83))
    np.testing.assert_allclose(first, np.array([0xF6, 0xC8, 0x5F]) / 255, atol=0.01)
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - third).max() > 0.2
    assert np.abs(first - empty).max() > 0.2


def test_a_track_like_none_of_the_genres_is_pale() -> None:
    sure, unfamiliar = (at(drawn(track(HOUSE, familiar=familiar)), 0.5, 0.45) for familiar in (True, False))
    assert unfamiliar.max() < 0.6 * sure.max()


def test_the_tempo_stands_in_the_title() -> None:
    plain, with_tempo = drawn(track(HOUSE)), drawn(track(HOUSE, tempo=Tempo(128.2, 1.0)))
    differs = np.abs(plain - with_tempo).max(axis=(1, 2)) > 0.1
    assert differs[: HEIGHT_PX // 12].any()
    assert not differs[HEIGHT_PX // 12 :].any()


def legend(picture: FloatArray) -> FloatArray:
    """The rows between title and axes."""
    return picture[HEIGHT_PX // 12 : int((1 - TOP) * HEIGHT_PX) - 5]


def test_the_legend_has_the_four_largest_shares() -> None:
    """Also of genres that no part is of; the fifth is not drawn."""
    others = [GENRE_BY_SLUG[slug] for slug in ("trance", "trap", "dnb")]
    shares = tuple(map(GenreScore, (HOUSE, *others, TECHNO), (0.4, 0.3, 0.15, 0.1, 0.05)))
    two, four, five = (legend(drawn(track(HOUSE, shares=of))) for of in (shares[:2], shares[:4], shares))
    np.testing.assert_array_equal(four, five)
    assert np.abs(two - four).max() > 0.2
    other = legend(drawn(track(HOUSE, shares=(GenreScore(HOUSE, 0.5), *shares[1:4]))))
    assert np.abs(other - four).max() > 0.2  # the shares themselves stand there


@pytest.mark.parametrize(("part_s", "marks"), [(1.5, 4), (60.0, 5), (1200.0, 5), (40_000.0, 9)])
def test_few_round_times_are_marked(part_s: float, marks: int) -> None:
    """For 3 seconds each second, for 2 minutes each half, for 40 minutes each tenth; any length has some."""
    picture = drawn(track(HOUSE, HOUSE, part_s=part_s))
    row = picture[int((1 - BOTTOM) * HEIGHT_PX) + 3, round(LEFT * WIDTH_PX) - 2 :, 0]
    starts = np.flatnonzero(np.diff((row > 0.5).astype(int)) == 1)
    assert len(starts) == marks
