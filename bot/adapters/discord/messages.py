"""A reply as a Discord message: text that is no markup, and a picture with its description."""

import contextlib
import io
import logging
from collections.abc import Iterator

import aiohttp
import discord

from bot.replies import Reply

log = logging.getLogger(__name__)

FAILED = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What can go wrong on the way to Discord; a time-out is an OSError."""

_MESSAGE_LENGTH = 2000
_ALT_LENGTH = 1024
_NO_HISTORY = 160002
"""Discord's code where the right to read the message history, and so to reply, is missing."""
_TRIES = 4


def files_of(reply: Reply) -> list[discord.File]:
    if reply.picture is None:
        return []
    return [discord.File(io.BytesIO(reply.picture), "spectrogram.png", description=reply.picture_alt[:_ALT_LENGTH])]


def markdown_of(reply: Reply) -> str:
    """The text with its headline in bold; nothing in it is read as markup or as a mention."""
    fitting = reply.shortened(_MESSAGE_LENGTH // 2)  # escaping may double it
    escaped = [discord.utils.escape_mentions(discord.utils.escape_markdown(line)) for line in fitting.lines]
    headline = discord.utils.escape_mentions(discord.utils.escape_markdown(fitting.headline))
    return "\n".join((f"**{headline}**", *escaped))[:_MESSAGE_LENGTH]


@contextlib.contextmanager
def log_failed() -> Iterator[None]:
    """An answer that Discord does not take is logged; there is nobody left to tell."""
    try:
        yield
    except FAILED as error:
        log.warning("Discord: an answer could not be given: %r", error)


async def send_reply(message: discord.Message, reply: Reply, view: discord.ui.View | None = None) -> bool:
    """Reply to a message; whether it worked. Where files or references are not allowed, it goes without them."""
    reference = message.to_reference(fail_if_not_exists=False)
    with_files, with_reference, tries = True, True, _TRIES
    while tries:
        tries -= 1
        try:
            await message.channel.send(
                markdown_of(reply),
                files=files_of(reply) if with_files else [],
                view=view or discord.utils.MISSING,
                reference=reference if with_reference else None,  # type: ignore[arg-type]
                mention_author=False,
            )
            return True
        except discord.HTTPException as error:
            log.info("Discord: a channel does not let the bot answer as it would: %s", error)
            if error.code == _NO_HISTORY:
                with_reference = False
            elif with_files:
                with_files = False
            else:
                break
        except FAILED as error:
            log.info("Discord: the connection broke while answering: %r", error)
    log.warning("Discord: a reply could not be sent")
    return False


async def edit_answer(interaction: discord.Interaction, reply: Reply, view: discord.ui.View | None) -> None:
    """Put an answer into an interaction's message; without its picture where that is refused."""
    words = markdown_of(reply)
    try:
        await interaction.edit_original_response(content=words, attachments=files_of(reply), view=view)
    except discord.HTTPException as error:
        log.info("Discord: an answer is not taken with its picture: %s", error)
        await interaction.edit_original_response(content=words, attachments=[], view=view)
