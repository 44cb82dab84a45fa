"""What a report consists of, whatever it is written as: sections of sentences, tables and pictures."""

from dataclasses import dataclass
from typing import Self

from matplotlib.figure import Figure

from training.evaluate.plots import to_png


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure large, with what it is and how far to trust it."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text; the first column names the row, the others are figures."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG; `alt` says in words what it shows, `name` is its file's."""

    name: str
    caption: str
    alt: str
    png: bytes

    @classmethod
    def of(cls, figure: Figure, *, name: str, caption: str, alt: str) -> Self:
        return cls(name, caption, alt, to_png(figure))


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with sentences, pictures and tables below it, in this order."""

    title: str
    sentences: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def anchor(self) -> str:
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    lead: str
    warnings: tuple[str, ...]
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
