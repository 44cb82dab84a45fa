"""Reading what a browser or a script posts: one file, and perhaps an offset, in either order."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from bot.audio import IncomingAudio
from bot.failures import Failure, FailureKind
from bot.offsets import parse_offset

_CHUNK_BYTES = 64 * 1024
_FIELD_BYTES = 1024
_YES = (b"1", b"on", b"true", b"yes")
_NO = (b"0", b"off", b"false", b"no")
_OVERHEAD_BYTES = 16 * 1024
"""What the multipart form itself may add to the file."""


@dataclass(frozen=True, slots=True)
class ClipForm:
    """A posted form. `offset_s` and `listen_on` are None where the field is missing or empty; `whole_track` is a
    checkbox."""

    audio: IncomingAudio
    offset_s: float | None
    whole_track: bool
    listen_on: bool | None


async def read_clip_form(request: web.Request, *, limit_bytes: int, timeout_s: float) -> ClipForm:
    """Read a multipart form with the fields `file`, `offset`, `whole_track`, `listen_on`; nothing is written to disk.

    Raises `Failure` (too large: before the body is read where its length is declared; no file, bad offset, bad choice,
    download).
    """
    if (request.content_length or 0) > limit_bytes + _OVERHEAD_BYTES:
        raise Failure(FailureKind.TOO_LARGE, f"declared {request.content_length} bytes")
    try:
        async with asyncio.timeout(timeout_s):
            return await _read(request, limit_bytes)
    except TimeoutError as error:
        raise Failure(FailureKind.DOWNLOAD, "upload took too long") from error
    except (ValueError, AssertionError) as error:  # aiohttp's words for a body that is no multipart form
        raise Failure(FailureKind.NO_FILE, f"no form: {error}") from error
    except ConnectionError as error:
        raise Failure(FailureKind.DOWNLOAD, "connection lost") from error


async def _read(request: web.Request, limit_bytes: int) -> ClipForm:
    audio: IncomingAudio | None = None
    offset_text, whole_track, listen_on = "", False, b""
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "file":
            content = await _capped(part, limit_bytes)
            if content or part.filename:  # a browser sends an empty, nameless part where no file was chosen
                audio = _audio(part, content)
        elif part.name == "offset":
            offset_text = (await _capped(part, _FIELD_BYTES)).decode("utf-8", "replace").strip()
        elif part.name == "whole_track":
            whole_track = await _word(part) in _YES
        elif part.name == "listen_on":
            listen_on = await _word(part)
    if audio is None:
        raise Failure(FailureKind.NO_FILE)
    return ClipForm(audio, _offset(offset_text), whole_track, _choice(listen_on))


async def _capped(part: BodyPartReader, limit_bytes: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        content += chunk
        if len(content) > limit_bytes:
            raise Failure(FailureKind.TOO_LARGE, f"more than {limit_bytes} bytes came")
    return bytes(content)


async def _word(part: BodyPartReader) -> bytes:
    return (await _capped(part, _FIELD_BYTES)).strip().lower()


def _audio(part: BodyPartReader, content: bytes) -> IncomingAudio:
    async def fetch() -> AsyncGenerator[bytes, None]:
        yield content

    return IncomingAudio(
        name=part.filename or "",
        declared_size=len(content),
        media_type=part.headers.get("Content-Type"),
        fetch=fetch,
    )


def _offset(text: str) -> float | None:
    return parse_offset(text) if text else None


def _choice(word: bytes) -> bool | None:
    if word and word not in (*_YES, *_NO):
        raise Failure(FailureKind.BAD_CHOICE, "listen_on", choices="0, 1")
    return word in _YES if word else None
