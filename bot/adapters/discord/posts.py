"""What people post on Discord: files, mentions, edits; and where each of them is answered."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import discord
from cachetools import LRUCache, TTLCache

from bot.adapters.discord.buttons import Source, files_view, place_of, view_of
from bot.adapters.discord.conversations import Conversations
from bot.adapters.discord.media import attachments_of, name_of
from bot.adapters.discord.messages import FAILED, markdown_of, send_reply
from bot.adapters.discord.rights import Rights, rights_in
from bot.adapters.platform import BegunWork, SaidLately, repeating
from bot.assistant import Assistant, CommandName
from bot.audio import IncomingAudio
from bot.conversation import Conversation, Platform
from bot.failures import Failure, FailureKind
from bot.replies import Reply
from bot.storage import Storage

log = logging.getLogger(__name__)

_TYPING_EVERY_S = 8.0
"""Discord shows typing for ten seconds."""
_REMEMBERED = 10_000
_TOLD_AGAIN_AFTER_S = 3600.0
_FILES_TOGETHER = 10
"""As many cards and pictures as Discord takes in one message."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A file, and where it stands."""

    attachment: discord.Attachment
    source: Source


@dataclass(frozen=True, slots=True)
class Seen:
    """What a message was when it was last looked at."""

    files: frozenset[int]
    is_asked: bool


_UNSEEN = Seen(frozenset(), is_asked=False)


class Posts:
    """Looks at messages, and answers those that want an answer."""

    def __init__(
        self,
        assistant: Assistant,
        storage: Storage,
        conversations: Conversations,
        begun: BegunWork,
        audio_of: Callable[[discord.Attachment], IncomingAudio],
    ) -> None:
        self._assistant = assistant
        self._storage = storage
        self._conversations = conversations
        self._begun = begun
        self._audio_of = audio_of
        self._seen: LRUCache[int, Seen] = LRUCache(_REMEMBERED)
        self._first_id: int | None = None
        self._said_lately = SaidLately()
        self._closed_channels: TTLCache[int, bool] = TTLCache(_REMEMBERED, _TOLD_AGAIN_AFTER_S)
        self._told: TTLCache[tuple[int, int], bool] = TTLCache(_REMEMBERED, _TOLD_AGAIN_AFTER_S)

    async def look_at(self, message: discord.Message, me: discord.ClientUser) -> None:
        """A message that has just been written."""
        if self._first_id is None:
            self._first_id = message.id
        await self._look_at(message, me, _UNSEEN)

    async def look_again(self, message: discord.Message, me: discord.ClientUser) -> None:
        """A message that was edited: what it has got by that is answered, and nothing twice.

        One from before the start may have been answered then, so it is passed over, unless it asks.
        """
        before = self._seen.get(message.id)
        is_old = self._first_id is None or message.id < self._first_id
        if message.edited_at is None or (before is None and is_old and not is_asked(message, me)):
            return
        await self._look_at(message, me, before or _UNSEEN)

    async def take_up(
        self, left_over: Sequence[tuple[str, str]], client: discord.Client, me: discord.ClientUser
    ) -> None:
        """Answer what was begun before a process ended without a word: names of works and their messages' channels."""
        for name, channel in left_over:
            with contextlib.suppress(*FAILED):
                number = int(name.partition(":")[0])
                message = await client.get_partial_messageable(int(channel)).fetch_message(number)
                log.info("Discord: a message that was left over is taken up again")
                await self._look_at(message, me, _UNSEEN)
            await self._storage.works.end(Platform.DISCORD, name)

    async def _look_at(self, message: discord.Message, me: discord.ClientUser, before: Seen) -> None:
        if message.author.bot or message.webhook_id:
            return
        conversation = self._conversations.of_message(message)
        asked = is_asked(message, me)
        holder = await self._holder(message, me, asked=asked or conversation.is_private)
        files = attachments_of(holder)
        if files or asked:
            self._seen[message.id] = Seen(frozenset(file.id for file in files), is_asked=asked)
        is_newly_asked = asked and not before.is_asked
        known = frozenset() if is_newly_asked else before.files
        posted = [Posted(file, place_of(holder, place)) for place, file in enumerate(files) if file.id not in known]
        wanted = [
            one
            for one in posted
            if await self._assistant.wants(
                conversation, name_of(one.attachment), one.attachment.content_type, asked=asked
            )
        ]
        wants_help = not files and (is_newly_asked or (conversation.is_private and not before.is_asked))
        if not (wanted or wants_help):
            return
        rights = rights_in(message)
        if not rights.may_write:
            await self._tell_elsewhere(message)
            return
        with self._begun.one():
            if wants_help:
                await send_reply(message, [await self._assistant.command(conversation, CommandName.HELP)])
            for first in range(0, len(wanted), _FILES_TOGETHER):
                await self._answer(message, conversation, wanted[first : first + _FILES_TOGETHER], rights)

    async def _holder(self, message: discord.Message, me: discord.ClientUser, *, asked: bool) -> discord.Message:
        """The message whose files are meant: that to which somebody replies with a question, if it is not ours."""
        reference = message.reference
        if not asked or attachments_of(message) or reference is None or message.message_snapshots:
            return message
        replied_to = reference.resolved
        if replied_to is None and reference.message_id is not None:
            with contextlib.suppress(*FAILED):
                replied_to = await message.channel.fetch_message(reference.message_id)
        is_file = isinstance(replied_to, discord.Message) and replied_to.author.id != me.id
        return replied_to if is_file and isinstance(replied_to, discord.Message) else message

    async def _tell_elsewhere(self, message: discord.Message) -> None:
        """The bot may not write in a channel: nothing is done, and whoever posted there hears where it can be."""
        channel = message.channel.id
        if channel not in self._closed_channels:
            self._closed_channels[channel] = True
            log.info("Discord: the bot may not write in channel %d, so files there are passed over", channel)
        if (channel, message.author.id) in self._told:
            return
        self._told[channel, message.author.id] = True
        conversation = self._conversations.of_person(message.author.id)
        reply = await self._assistant.refusal(conversation, Failure(FailureKind.CANNOT_WRITE))
        with contextlib.suppress(*FAILED):  # they may not want messages from us
            await message.author.send(markdown_of(reply))

    async def _answer(
        self, message: discord.Message, conversation: Conversation, files: Sequence[Posted], rights: Rights
    ) -> None:
        """One reply for all files of a message, with a word about progress where that takes long."""
        status: list[discord.Message] = []

        async def say(sentence: str) -> None:
            if status:
                await status[0].edit(content=sentence)
            else:
                reference = message.to_reference(fail_if_not_exists=False) if rights.may_reply else None
                status.append(await message.channel.send(sentence, reference=reference, mention_author=False))  # type: ignore[arg-type]

        async def type_on() -> None:
            with contextlib.suppress(*FAILED):
                await message.channel.typing()

        name = _work_name(message, files)
        if not await self._storage.works.begin(Platform.DISCORD, {name: str(message.channel.id)}):
            log.info("Discord: another process answers a message")
            return
        async with repeating(type_on, every_s=_TYPING_EVERY_S):
            audios = [self._audio_of(file.attachment) for file in files]
            replies = await self._assistant.answer(conversation, audios, say)
        is_sent = self._said_lately.holds(message.channel.id, replies) or await self._send(
            message, conversation, files, replies, rights
        )
        for said in status:
            with contextlib.suppress(*FAILED):
                await (said.delete() if is_sent else said.edit(content=markdown_of(replies[0])))
        await self._storage.works.end(Platform.DISCORD, name)

    async def _send(
        self,
        message: discord.Message,
        conversation: Conversation,
        files: Sequence[Posted],
        replies: Sequence[Reply],
        rights: Rights,
    ) -> bool:
        sources = [file.source for file in files]
        if len(files) == 1:
            view = view_of(replies[0], sources[0], conversation.user_id)
        else:
            placeholder = (await self._assistant.texts(conversation))("reply-files")
            view = files_view(replies, sources, placeholder)
        return await send_reply(message, replies, view, rights=rights)


def _work_name(message: discord.Message, files: Sequence[Posted]) -> str:
    """The same in every process for the same files of a message; another one after an edit."""
    edited = f"{message.edited_at.timestamp():.0f}" if message.edited_at else ""
    return f"{message.id}:{edited}:{files[0].attachment.id}"


def is_asked(message: discord.Message, me: discord.ClientUser) -> bool:
    """Whether a message names the bot: itself (the ping of a reply is none), or the role that Discord made for it,
    which people pick from the list in its place."""
    role = message.guild.self_role if message.guild else None
    by_role = role is not None and role in message.role_mentions
    return by_role or any(f"<@{sign}{me.id}>" in message.content for sign in ("", "!"))
