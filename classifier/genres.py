"""The 16 genres, stated once: slug (the label of the public data set), display name and emoji, in a fixed order.

The order is part of every model bundle: output i of the network is `GENRES[i]`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Genre:
    """One class of the classifier; `slug` is its stable machine name."""

    slug: str
    name: str
    emoji: str

    @property
    def label(self) -> str:
        """The genre as people read it: its emoji and its name."""
        return f"{self.emoji} {self.name}"


GENRES: tuple[Genre, ...] = (
    Genre("ambient", "Ambient", "🌌"),
    Genre("big_room_house", "Big Room House", "🏠"),
    Genre("dnb", "Drum and Bass", "🥁"),
    Genre("dubstep", "Dubstep", "🎵"),
    Genre("future_garage_wave_trap", "Future Garage/Wave Trap", "🌊"),
    Genre("hardcore", "Hardcore", "🔊"),
    Genre("hardstyle", "Hardstyle", "💥"),
    Genre("house", "House", "🏡"),
    Genre("lofi", "Lo-fi", "🎶"),
    Genre("moombahton_reggaeton", "Moombahton/Reggaeton", "🎵🌴"),
    Genre("phonk", "Phonk", "🔥"),
    Genre("psytrance", "Psytrance", "🌀"),
    Genre("synthwave", "Synthwave", "🎹"),
    Genre("techno", "Techno", "🎛️"),
    Genre("trance", "Trance", "🚀"),
    Genre("trap", "Trap", "⛓️"),
)

GENRE_BY_SLUG: dict[str, Genre] = {genre.slug: genre for genre in GENRES}
SLUGS: tuple[str, ...] = tuple(GENRE_BY_SLUG)
