"""A file somebody sent, before anything of it is downloaded."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import PurePath

from classifier.formats import AUDIO_SUFFIXES

_VIDEO_SUFFIXES = frozenset([".mkv", ".mov", ".mp4", ".webm"])


@dataclass(frozen=True, slots=True)
class IncomingAudio:
    """What a platform says about a file. `fetch` opens the download and yields its bytes in chunks.

    `declared_size` is in bytes and `media_type` a MIME type, both as the sender claims them; None where unknown.
    `limit_bytes` is the most the platform lets us download. `cache_hint` names the same bytes on every occasion, so
    that a known answer needs no download.
    """

    name: str
    declared_size: int | None
    media_type: str | None
    fetch: Callable[[], AsyncGenerator[bytes, None]]
    limit_bytes: int | None = None
    cache_hint: str | None = None


class Likeness(Enum):
    """What a file seems to be, before any of it is read."""

    AUDIO = auto()
    VIDEO = auto()
    OTHER = auto()


def likeness(name: str, media_type: str | None) -> Likeness:
    """Told by the media type, or by the file's ending where the type says nothing."""
    family = (media_type or "").lower().partition("/")[0]
    suffix = PurePath(name.lower()).suffix
    if family == "audio" or (media_type or "").lower() == "application/ogg":
        return Likeness.AUDIO
    if family == "video":
        return Likeness.VIDEO
    if family in {"", "application"}:
        if suffix in _VIDEO_SUFFIXES:
            return Likeness.VIDEO
        return Likeness.AUDIO if suffix in AUDIO_SUFFIXES else Likeness.OTHER
    return Likeness.OTHER
