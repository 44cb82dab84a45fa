"""What a package gives: which of its files are taken, as which kind of sound, and under which licence."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from classifier.formats import AUDIO_SUFFIXES

HEADERLESS_SUFFIXES = (".gsm", ".raw")
MIDI_SUFFIXES = (".mid", ".midi", ".kar")
TRACKER_SUFFIXES = (".mod", ".xm", ".it", ".s3m")
LMMS_SUFFIXES = (".mmp", ".mmpz")


class Kind(StrEnum):
    """Folders below `non_edm`, and the one for electronic music of unknown genre."""

    SPEECH = "speech"
    NOISE = "noise"
    TONES = "tones"
    CLASSICAL = "classical"
    ROCK_POP_FOLK = "rock_pop_folk"
    SFX = "sfx"
    ELECTRONIC = "electronic"


@dataclass(frozen=True, slots=True)
class Take:
    """Files of a package that become recordings of one kind.

    `patterns` are matched as `fnmatch` does against a file's path inside the package (`*` also matches `/`), those in
    `but_not` are left out. At most `most` recordings come of it, spread over the files. With `join_s` files of the same
    folder follow each other in one recording of about that length: prompts and effects are shorter than a window.
    With `repeat_s` a file is repeated to that length: a loop.
    """

    kind: Kind
    patterns: tuple[str, ...]
    most: int = 12
    join_s: float = 0.0
    repeat_s: float = 0.0
    but_not: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package, the licence of what is taken as its `debian/copyright` states it, and what is taken."""

    name: str
    licence: str
    takes: tuple[Take, ...]


def music(kind: Kind, *patterns: str, most: int = 12, but_not: tuple[str, ...] = ()) -> Take:
    """Whole pieces."""
    return Take(kind, patterns, most=most, but_not=but_not)


def prompts(*patterns: str, most: int = 6, join_s: float = 20.0) -> Take:
    """Short recordings of a voice that follow each other."""
    return Take(Kind.SPEECH, patterns, most=most, join_s=join_s)


def effects(*patterns: str, most: int = 4, join_s: float = 9.0, but_not: tuple[str, ...] = ()) -> Take:
    """Short sound effects that follow each other."""
    return Take(Kind.SFX, patterns, most=most, join_s=join_s, but_not=but_not)


def is_rendered(path: Path) -> bool:
    """Whether the file holds notes rather than sound."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith((*MIDI_SUFFIXES, *TRACKER_SUFFIXES, *LMMS_SUFFIXES))


def holds_sound(path: Path) -> bool:
    """Whether the file's name says that it holds sound or notes."""
    return path.suffix.lower() in AUDIO_SUFFIXES or path.suffix.lower() in HEADERLESS_SUFFIXES or is_rendered(path)
