"""What a Discord message carries, as `IncomingAudio`."""

from collections.abc import AsyncGenerator

import aiohttp
import discord

from bot.audio import IncomingAudio
from bot.failures import Failure, FailureKind

_CHUNK_BYTES = 64 * 1024


def attachments_of(message: discord.Message) -> list[discord.Attachment]:
    """The files of a message, and those of messages that were forwarded with it."""
    forwarded = [attachment for snapshot in message.message_snapshots for attachment in snapshot.attachments]
    return [*message.attachments, *forwarded]


def audio_of(attachment: discord.Attachment, session: aiohttp.ClientSession, proxy: str | None) -> IncomingAudio:
    """An attachment before its download. Its signed address is used now or never, and kept nowhere."""

    async def fetch() -> AsyncGenerator[bytes, None]:
        try:
            async with session.get(attachment.url, proxy=proxy) as response:
                response.raise_for_status()
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    yield chunk
        except aiohttp.ClientResponseError as error:
            kind = FailureKind.GONE if error.status in {403, 404, 410} else FailureKind.DOWNLOAD
            raise Failure(kind, f"HTTP {error.status}") from error
        except aiohttp.ClientError as error:
            raise Failure(FailureKind.DOWNLOAD, type(error).__name__) from error

    return IncomingAudio(
        name=attachment.filename,
        declared_size=attachment.size,
        media_type=attachment.content_type,
        fetch=fetch,
        cache_hint=f"discord:{attachment.id}",
    )
