"""Numbers and names as a report writes them."""

from classifier.genres import GENRE_BY_SLUG
from training.evaluate.bootstrap import Interval

NOTHING = "–"


def figure(value: float) -> str:
    return f"{value:.3f}"


def share(value: float) -> str:
    return f"{value:.0%}"


def signed(value: float) -> str:
    """A difference with its sign, which zero has none of."""
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "−")


def ranged(value: float, interval: Interval) -> str:
    """A figure with its interval."""
    return f"{value:.3f} ({interval.low:.2f}–{interval.high:.2f})"


def genre_name(slug: str) -> str:
    return GENRE_BY_SLUG[slug].name


def counted(number: int, one: str) -> str:
    """A number with its noun: 1 track, 2 tracks."""
    return f"{number:,} {one if number == 1 else one + 's'}"
