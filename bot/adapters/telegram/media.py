"""What a Telegram message carries, as `IncomingAudio`."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from telegram import Audio, Bot, Document, File, Message, Video, VideoNote, Voice
from telegram.error import BadRequest, NetworkError, TelegramError

from bot.audio import IncomingAudio
from bot.failures import Failure, FailureKind

log = logging.getLogger(__name__)

_CLOUD_LIMIT_BYTES = 20 * 1024 * 1024
"""What api.telegram.org lets a bot download; a server of one's own in local mode has no such limit."""

_CHUNK_BYTES = 1024 * 1024
_DELAYS_S = (1.0, 3.0, 8.0, 20.0)

Attachment = Audio | Voice | VideoNote | Video | Document


def audio_of(message: Message, bot: Bot) -> IncomingAudio | None:
    """The file of a message, whatever it is; None for messages without one, for pictures and for animations."""
    attachment = None if message.animation else message.effective_attachment
    return _incoming(attachment, bot) if isinstance(attachment, Attachment) else None


def _incoming(attachment: Attachment, bot: Bot) -> IncomingAudio:
    name, media_type = _described(attachment)
    is_local = bot.local_mode
    return IncomingAudio(
        name=name,
        declared_size=attachment.file_size,
        media_type=media_type,
        fetch=_download(bot, attachment.file_id),
        limit_bytes=None if is_local else _CLOUD_LIMIT_BYTES,
        cache_hint=f"telegram:{attachment.file_unique_id}",
    )


def audio_elsewhere(message: Message, bot: Bot) -> IncomingAudio | None:
    """The file of a message in another chat that this one replies to."""
    there = message.external_reply
    if there is None or there.animation:
        return None
    attachment = there.audio or there.voice or there.video_note or there.video or there.document
    return _incoming(attachment, bot) if attachment else None


def _described(attachment: Attachment) -> tuple[str, str | None]:
    """Name and media type; voice messages and video notes have no name, and a video note counts as sound."""
    match attachment:
        case Voice():
            return "voice.ogg", attachment.mime_type or "audio/ogg"
        case VideoNote():
            return "video-note.mp4", "audio/mp4"
        case Audio():
            return attachment.file_name or attachment.title or "audio", attachment.mime_type or "audio/mpeg"
        case Video():
            return attachment.file_name or "video.mp4", attachment.mime_type or "video/mp4"
        case Document():
            return attachment.file_name or "file", attachment.mime_type


def _download(bot: Bot, file_id: str) -> Callable[[], AsyncGenerator[bytes, None]]:
    async def fetch() -> AsyncGenerator[bytes, None]:
        try:
            file = await bot.get_file(file_id)
            async for chunk in _chunks(file, is_local=bot.local_mode):
                yield chunk
        except BadRequest as error:
            if "too big" in error.message:
                limit = f"{_CLOUD_LIMIT_BYTES / 1024 / 1024:g}"
                raise Failure(FailureKind.TOO_LARGE, error.message, limit=limit) from error
            raise Failure(FailureKind.DOWNLOAD, error.message) from error
        except TelegramError as error:
            raise Failure(FailureKind.DOWNLOAD, error.message) from error

    return fetch


async def _chunks(file: File, *, is_local: bool) -> AsyncGenerator[bytes, None]:
    """A local server in local mode names a path on this machine; else the file is small, and comes in one piece."""
    path = Path(file.file_path or "")
    if not (is_local and await asyncio.to_thread(path.is_file)):
        yield await _in_one_piece(file)
        return
    with await asyncio.to_thread(path.open, "rb") as stream:
        while chunk := await asyncio.to_thread(stream.read, _CHUNK_BYTES):
            yield chunk


async def _in_one_piece(file: File) -> bytes:
    """Download a file, again where that breaks off: it is no method, so the limiter does not try it again."""
    for delay_s in _DELAYS_S:
        try:
            return bytes(await file.download_as_bytearray())
        except BadRequest:
            raise
        except NetworkError as error:
            log.info("Telegram: a download broke off (%s); trying again", error.message)
            await asyncio.sleep(delay_s * random.uniform(0.75, 1.25))  # noqa: S311  (no secret)
    return bytes(await file.download_as_bytearray())
