"""Reading what a browser or a script posts: one file, and perhaps an offset, in either order.

Everybody who can reach the page can post, and any web page can make a browser do so. So a form has few parts, other
fields than the file are short, nothing is unpacked, the bytes of a request are bounded whatever field they are in, and
whoever sends too slowly is not waited for.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

from aiohttp import ClientPayloadError, web
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from bot.audio import IncomingAudio
from bot.failures import Failure, FailureKind
from bot.limits import Hold
from bot.offsets import parse_offset

_FIELD_BYTES = 1024
_MOST_PARTS = 16
_YES = (b"1", b"on", b"true", b"yes")
_NO = (b"0", b"off", b"false", b"no")
_OVERHEAD_BYTES = 32 * 1024
"""What the multipart form itself, and its other fields, may add to the file."""
_SLOW_AFTER_S, _LEAST_BYTES_PER_S = 10.0, 4096


@dataclass(frozen=True, slots=True)
class ClipForm:
    """A posted form. `offset_s` and `listen_on` are None where the field is missing or empty; `whole_track` is a
    checkbox."""

    audio: IncomingAudio
    offset_s: float | None
    whole_track: bool
    listen_on: bool | None


@dataclass(slots=True)
class _Fields:
    """What has come of a form."""

    file: MultipartSegment | None = None
    content: bytearray = field(default_factory=bytearray)
    words: dict[str, bytes] = field(default_factory=dict)


async def read_clip_form(request: web.Request, *, limit_bytes: int, timeout_s: float, hold: Hold) -> ClipForm:
    """Read a multipart form with the fields `file`, `offset`, `whole_track`, `listen_on`; nothing is written to disk.

    `hold` grows with what is read: at once where the length is declared. Raises `Failure` (too large: before the body
    is read where its length is declared; busy, no file, bad offset, bad choice, download).
    """
    declared = request.content_length
    if (declared or 0) > limit_bytes + _OVERHEAD_BYTES:
        raise Failure(FailureKind.TOO_LARGE, f"declared {declared} bytes")
    hold.grow_to(declared or 0)
    try:
        async with asyncio.timeout(timeout_s):
            fields = await _read(request, limit_bytes, hold)
    except TimeoutError as error:
        raise Failure(FailureKind.DOWNLOAD, "upload took too long") from error
    except (ValueError, MultipartError) as error:
        raise Failure(FailureKind.NO_FILE, f"no form: {error}") from error
    except (ConnectionError, ClientPayloadError, web.PayloadAccessError) as error:
        raise Failure(FailureKind.DOWNLOAD, "connection lost") from error
    if fields.file is None:
        raise Failure(FailureKind.NO_FILE)
    return ClipForm(
        held_audio(_name(fields.file.filename or ""), bytes(fields.content), fields.file.header("Content-Type")),
        _offset(fields.words.get("offset", b"").decode("utf-8", "replace").strip()),
        fields.words.get("whole_track", b"").strip().lower() in _YES,
        _choice(fields.words.get("listen_on", b"").strip().lower()),
    )


async def timely(request: web.Request) -> AsyncIterator[bytes]:
    """The body of a request, piece by piece. Raises `Failure` (download) where it is packed, or trickles."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Failure(FailureKind.DOWNLOAD, "a packed body")
    started_s, count = time.monotonic(), 0
    while True:
        async with asyncio.timeout(_SLOW_AFTER_S):
            chunk = await request.content.readany()
        if not chunk:
            return
        count += len(chunk)
        elapsed_s = time.monotonic() - started_s
        if elapsed_s > _SLOW_AFTER_S and count < _LEAST_BYTES_PER_S * elapsed_s:
            raise Failure(FailureKind.DOWNLOAD, f"{count} bytes in {elapsed_s:.0f} s")
        yield chunk
        await asyncio.sleep(0)  # others have their turn between two pieces


async def _read(request: web.Request, limit_bytes: int, hold: Hold) -> _Fields:
    boundary = _boundary(request)
    found, part, word, received = _Fields(), None, bytearray(), 0
    parser = PushMultipartParser(boundary, max_segment_count=_MOST_PARTS, max_header_count=8, header_charset="latin-1")
    async for chunk in timely(request):
        received += len(chunk)
        if received > limit_bytes + _OVERHEAD_BYTES:
            raise Failure(FailureKind.TOO_LARGE, f"more than {received} bytes came")
        hold.grow_to(received)
        for event in parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                part, word = event, bytearray()
                if part.name == "file":
                    _begin_file(found)
            elif event is None and part is not None:
                if part.name == "file":
                    _end_file(found, part)
                elif part.name:
                    found.words[part.name] = bytes(word)
            elif event and part is not None:
                target = found.content if part.name == "file" else word
                target += event
                if len(target) > (limit_bytes if part.name == "file" else _FIELD_BYTES):
                    raise Failure(FailureKind.TOO_LARGE, f"the field {part.name!r:.40} is too long")
    parser.close()
    return found


def _boundary(request: web.Request) -> str:
    if request.content_type != "multipart/form-data":
        raise ValueError(f"{request.content_type} is no form")
    boundary: str = parse_options_header(request.headers["Content-Type"])[1].get("boundary", "")
    if not 0 < len(boundary) <= 70:  # RFC 2046
        raise ValueError("no boundary")
    return boundary


def _begin_file(found: _Fields) -> None:
    if found.file is not None:
        raise Failure(FailureKind.NO_FILE, "two files")
    found.content = bytearray()


def _end_file(found: _Fields, part: MultipartSegment) -> None:
    if found.content or part.filename:  # a browser sends an empty, nameless part where no file was chosen
        found.file = part


def held_audio(name: str, content: bytes, media_type: str | None = None) -> IncomingAudio:
    """A file whose bytes are there already."""

    async def fetch() -> AsyncGenerator[bytes, None]:
        yield content

    return IncomingAudio(name=name, declared_size=len(content), media_type=media_type, fetch=fetch, content=content)


def _name(filename: str) -> str:
    """A file's name from the bytes of its header, which are read as Latin-1: mostly they are UTF-8."""
    try:
        return filename.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return filename


def _offset(text: str) -> float | None:
    return parse_offset(text) if text else None


def _choice(word: bytes) -> bool | None:
    if word and word not in (*_YES, *_NO):
        raise Failure(FailureKind.BAD_CHOICE, "listen_on", choices="0, 1")
    return word in _YES if word else None
