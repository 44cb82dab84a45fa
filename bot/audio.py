"""A file somebody sent, before anything of it is downloaded."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import PurePath

from classifier.formats import AUDIO_SUFFIXES, VIDEO_SUFFIXES

_SOUND_TYPES = frozenset(["ogg", "x-ogg", "x-flac", "flac", "x-wav"])
"""Types of sound that do not begin with `audio`."""
_OTHER_FAMILIES = frozenset(["chemical", "font", "image", "message", "model", "text"])


@dataclass(frozen=True, slots=True)
class IncomingAudio:
    """What a platform says about a file. `fetch` opens the download and yields its bytes in chunks.

    `declared_size` is in bytes and `media_type` a MIME type, both as the sender claims them; None where unknown.
    `limit_bytes` is the most the platform lets us download. `cache_hint` names the same bytes on every occasion, so
    that a known answer needs no download. `content` is the file where it has come already.
    """

    name: str
    declared_size: int | None
    media_type: str | None
    fetch: Callable[[], AsyncGenerator[bytes, None]]
    limit_bytes: int | None = None
    cache_hint: str | None = None
    content: bytes | None = None

    @property
    def seems_sound(self) -> bool:
        """Whether type or ending say that this is sound."""
        return likeness(self.name, self.media_type) is Likeness.AUDIO


class Likeness(Enum):
    """What a file seems to be, before any of it is read."""

    AUDIO = auto()
    VIDEO = auto()
    UNKNOWN = auto()
    """Neither type nor ending says; the decoder will."""
    OTHER = auto()


def likeness(name: str, media_type: str | None) -> Likeness:
    """Told by the media type and by the file's ending: it is sound if one of them says so."""
    declared = (media_type or "").lower().partition(";")[0].strip()
    family, _, subtype = declared.partition("/")
    suffix = PurePath(name.lower()).suffix
    if family == "audio" or subtype in _SOUND_TYPES or suffix in AUDIO_SUFFIXES - VIDEO_SUFFIXES:
        return Likeness.AUDIO
    if family == "video" or suffix in VIDEO_SUFFIXES:
        return Likeness.VIDEO
    return Likeness.OTHER if family in _OTHER_FAMILIES else Likeness.UNKNOWN
