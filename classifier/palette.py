"""The colours of all pictures: light ink on dark paper, and one for each genre, the same wherever it is drawn."""

from classifier.genres import GENRES

INK, PAPER = "#e8e8f0", "#14141c"

_COLOURS = (
    "#8dd3c7", "#e6550d", "#3182bd", "#9467bd", "#17becf", "#d62728", "#ff7f0e", "#f6c85f",
    "#a6761d", "#e7298a", "#ff9896", "#66a61e", "#c5b0d5", "#9edae5", "#1f77b4", "#7f7f7f",
)  # fmt: skip
_COLOUR_BY_SLUG = {genre.slug: colour for genre, colour in zip(GENRES, _COLOURS, strict=True)}


def colour_of(slug: str) -> str:
    """A genre's colour as `#rrggbb`. Raises KeyError for a slug that is none of the genres'.

    >>> colour_of("ambient")
    '#8dd3c7'
    """
    return _COLOUR_BY_SLUG[slug]
