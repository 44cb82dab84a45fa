"""Each genre has a colour of its own, which can be seen on the paper."""

import pytest

from classifier.genres import SLUGS
from classifier.palette import PAPER, colour_of


def brightness(colour: str) -> float:
    """Relative luminance, 0 to 1 (ITU-R BT.709, without the curve of the screen)."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_genre_has_its_own_colour() -> None:
    colours = {slug: colour_of(slug) for slug in SLUGS}
    assert len(set(colours.values())) == len(SLUGS)
    assert all(brightness(colour) > brightness(PAPER) + 0.2 for colour in colours.values())


def test_what_is_no_genre_has_no_colour() -> None:
    with pytest.raises(KeyError):
        colour_of("polka")
