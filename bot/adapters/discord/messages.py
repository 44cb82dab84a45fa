"""A reply as a Discord message: text that is no markup, and a picture with its description."""

import asyncio
import contextlib
import io
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
import discord

from bot.adapters.discord.rights import Rights
from bot.replies import Reply

T = TypeVar("T")

log = logging.getLogger(__name__)

FAILED = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What can go wrong on the way to Discord; a time-out is an OSError."""

_MESSAGE_LENGTH = 2000
_EMBEDS_LENGTH = 6000
_ALT_LENGTH = 1024
_NO_HISTORY = 160002
"""Discord's code where the right to read the message history, and so to reply, is missing."""
_DELAYS_S = (1.0, 3.0, 8.0, 20.0)
"""Between tries while Discord cannot be reached, beside those that discord.py makes by itself."""


def files_of(*replies: Reply) -> list[discord.File]:
    """The pictures, named by the places of their replies."""
    return [
        discord.File(io.BytesIO(reply.picture), _picture_name(place), description=reply.picture_alt[:_ALT_LENGTH])
        for place, reply in enumerate(replies)
        if reply.picture is not None
    ]


def markdown_of(reply: Reply, length: int = _MESSAGE_LENGTH) -> str:
    """The text with its headline in bold; nothing in it is read as markup or as a mention."""
    fitting = reply.shortened(length // 2)  # escaping may double it
    escaped = [discord.utils.escape_mentions(discord.utils.escape_markdown(line)) for line in fitting.lines]
    headline = discord.utils.escape_mentions(discord.utils.escape_markdown(fitting.headline))
    return "\n".join((f"**{headline}**", *escaped))[:length]


@contextlib.contextmanager
def log_failed() -> Iterator[None]:
    """An answer that Discord does not take is logged; there is nobody left to tell."""
    try:
        yield
    except FAILED as error:
        log.warning("Discord: an answer could not be given: %r", error)


async def persistently(act: Callable[[], Awaitable[T]]) -> T:
    """Do something on Discord, again where that fails for a reason that passes. Raises the last of `FAILED`."""
    for delay_s in _DELAYS_S:
        try:
            return await act()
        except FAILED as error:
            if not _passes(error):
                raise
            log.info("Discord: it cannot be reached (%r); trying again", error)
            await asyncio.sleep(delay_s * random.uniform(0.75, 1.25))  # noqa: S311  (no secret)
    return await act()


def _passes(error: Exception) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, aiohttp.ClientError | OSError)


async def send_reply(
    message: discord.Message,
    replies: Sequence[Reply],
    view: discord.ui.View | None = None,
    *,
    rights: Rights | None = None,
) -> bool:
    """Reply to a message, with all that there is to say about its files; whether it worked.

    What is not allowed there is left out: first what is known from `rights`, then what Discord refuses.
    """
    allowed = rights or Rights()
    reference = message.to_reference(fail_if_not_exists=False)

    async def send() -> None:
        how = _body(replies, allowed) | ({"view": view} if view else {})
        how |= {"reference": reference} if allowed.may_reply else {}
        await message.channel.send(**how, mention_author=False)

    while True:
        try:
            await persistently(send)
            return True
        except discord.HTTPException as error:
            log.info("Discord: a channel does not let the bot answer as it would: %s", error)
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                break
            if error.code == _NO_HISTORY and allowed.may_reply:
                allowed = replace(allowed, may_reply=False)
            elif _has_cards(replies) and allowed.may_embed:
                allowed = replace(allowed, may_embed=False)
            elif allowed.may_attach:
                allowed = replace(allowed, may_attach=False)
            else:
                break
        except FAILED:
            break
    log.warning("Discord: a reply could not be sent (ref=%s)", secrets.token_hex(4))
    return False


async def edit_answer(interaction: discord.Interaction, replies: Sequence[Reply], view: discord.ui.View | None) -> None:
    """Put an answer into an interaction's message; without cards, and then without pictures, where they are refused."""
    ways = [
        Rights(),
        *([Rights(may_embed=False)] if _has_cards(replies) else []),
        Rights(may_embed=False, may_attach=False),
    ]

    async def edit(allowed: Rights) -> None:
        body = _body(replies, allowed)
        body["attachments"] = body.pop("files")
        await interaction.edit_original_response(**{"embeds": [], "content": None, **body}, view=view)

    for allowed in ways:
        try:
            await persistently(partial(edit, allowed))
            return
        except discord.HTTPException as error:
            if allowed is ways[-1]:
                raise
            log.info("Discord: an answer is not taken with its pictures: %s", error)


def _body(replies: Sequence[Reply], allowed: Rights) -> dict[str, Any]:
    """A card each, in the colour of its genre; where cards are not allowed all words.

    One picture stands beside its card: within a card Discord ignores its description, which some people hear instead of
    it. Of several each is in its own card, so that it is clear which is whose.
    """
    files = files_of(*replies) if allowed.may_attach else []
    if not (_has_cards(replies) and allowed.may_embed):
        share = _MESSAGE_LENGTH // len(replies) - 1
        return {"content": "\n".join(markdown_of(reply, share) for reply in replies), "files": files}
    return {"embeds": _cards(replies, with_pictures=allowed.may_attach and len(replies) > 1), "files": files}


def _has_cards(replies: Sequence[Reply]) -> bool:
    """One reply that names no genre is words alone."""
    return len(replies) > 1 or bool(replies[0].colour)


def _cards(replies: Sequence[Reply], *, with_pictures: bool) -> list[discord.Embed]:
    share = _EMBEDS_LENGTH // len(replies)
    cards = []
    for place, reply in enumerate(replies):
        colour = discord.Colour.from_str(reply.colour) if reply.colour else None
        card = discord.Embed(description=markdown_of(reply, share), colour=colour)
        if with_pictures and reply.picture is not None:
            card.set_image(url=f"attachment://{_picture_name(place)}")
        cards.append(card)
    return cards


def _picture_name(place: int) -> str:
    return f"spectrogram-{place + 1}.png" if place else "spectrogram.png"
