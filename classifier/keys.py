"""The 24 keys of Western music, with the names that DJs mix by."""

from dataclasses import dataclass

_NOTES = ("C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


@dataclass(frozen=True, slots=True)
class Key:
    """A key: `tonic` counts semitones over C (0 to 11).

    >>> Key(9, is_minor=True).name, Key(9, is_minor=True).camelot, Key(0, is_minor=False).camelot
    ('A minor', '8A', '8B')
    """

    tonic: int
    is_minor: bool

    @property
    def name(self) -> str:
        return f"{_NOTES[self.tonic]} {'minor' if self.is_minor else 'major'}"

    @property
    def short(self) -> str:
        """As tags have it (ID3's TKEY, in ASCII).

        >>> Key(6, is_minor=True).short, Key(10, is_minor=False).short
        ('F#m', 'Bb')
        """
        note = _NOTES[self.tonic].replace("♯", "#").replace("♭", "b")
        return f"{note}m" if self.is_minor else note

    @property
    def camelot(self) -> str:
        """Its place on the Camelot wheel: neighbours mix well; A is minor, B its relative major."""
        major = (self.tonic + 3 * self.is_minor) % 12
        return f"{(7 * major + 7) % 12 + 1}{'A' if self.is_minor else 'B'}"


KEYS = tuple(Key(tonic, is_minor) for is_minor in (False, True) for tonic in range(12))
"""Major keys from C on, then minor ones."""
