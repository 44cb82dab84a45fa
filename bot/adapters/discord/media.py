"""What a Discord message carries, as `IncomingAudio`."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from pathlib import PurePath

import aiohttp
import discord

from bot.audio import IncomingAudio
from bot.failures import Failure, FailureKind

log = logging.getLogger(__name__)

_CHUNK_BYTES = 64 * 1024
_GONE = frozenset({403, 404, 410})
_DELAYS_S = (1.0, 3.0, 8.0, 20.0)


def attachments_of(message: discord.Message) -> list[discord.Attachment]:
    """The files of a message, and those of messages that were forwarded with it."""
    forwarded = [attachment for snapshot in message.message_snapshots for attachment in snapshot.attachments]
    return [*message.attachments, *forwarded]


def name_of(attachment: discord.Attachment) -> str:
    """The file's name as people know it. Of letters other than ASCII Discord leaves underscores in `filename`, and
    keeps the name without its ending in `title`."""
    suffix = PurePath(attachment.filename).suffix
    if not attachment.title:
        return attachment.filename
    return attachment.title if attachment.title.lower().endswith(suffix.lower()) else f"{attachment.title}{suffix}"


def audio_of(attachment: discord.Attachment, session: aiohttp.ClientSession, proxy: str | None) -> IncomingAudio:
    """An attachment before its download. Its signed address is used now or never, and kept nowhere."""

    async def fetch() -> AsyncGenerator[bytes, None]:
        taken = 0
        for delay_s in (*_DELAYS_S, None):
            try:
                async for chunk in _rest_of(attachment.url, taken, session, proxy):
                    taken += len(chunk)
                    yield chunk
                return
            except (aiohttp.ClientError, TimeoutError) as error:
                if isinstance(error, aiohttp.ClientResponseError) and error.status in _GONE:
                    raise Failure(FailureKind.GONE, f"HTTP {error.status}") from error
                if delay_s is None:
                    raise Failure(FailureKind.DOWNLOAD, type(error).__name__) from error
                log.info("Discord: a download broke off (%s); going on", type(error).__name__)
                await asyncio.sleep(delay_s * random.uniform(0.75, 1.25))  # noqa: S311  (no secret)

    return IncomingAudio(
        name=name_of(attachment),
        declared_size=attachment.size,
        media_type=attachment.content_type,
        fetch=fetch,
        cache_hint=f"discord:{attachment.id}",
    )


async def _rest_of(
    url: str, taken: int, session: aiohttp.ClientSession, proxy: str | None
) -> AsyncGenerator[bytes, None]:
    """A file's bytes after the first `taken`, whether the server can begin there or not."""
    headers = {"Range": f"bytes={taken}-"} if taken else {}
    async with session.get(url, proxy=proxy, headers=headers) as response:
        response.raise_for_status()
        known = 0 if response.status == 206 else taken  # partial content
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            fresh = chunk[known:]
            known = max(0, known - len(chunk))
            if fresh:
                yield fresh
