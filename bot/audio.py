"""A file somebody sent, before anything of it is downloaded."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IncomingAudio:
    """What a platform says about a file. `fetch` opens the download and yields its bytes in chunks.

    `declared_size` is in bytes and `media_type` a MIME type, both as the sender claims them; None where unknown.
    """

    name: str
    declared_size: int | None
    media_type: str | None
    fetch: Callable[[], AsyncGenerator[bytes, None]]
