"""One connection to Discord: its events become calls of the assistant, and the replies messages."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import aiohttp
import discord
from cachetools import LRUCache
from discord import app_commands

from bot.adapters.discord.buttons import (
    AnotherButton,
    CorrectionMenu,
    FileMenu,
    Source,
    VoteButton,
    choice_view,
    files_view,
    place_of,
    view_of,
)
from bot.adapters.discord.commands import LocaleTranslator, add_commands, fingerprint
from bot.adapters.discord.conversations import Conversations
from bot.adapters.discord.log_lines import passing_over
from bot.adapters.discord.media import attachments_of, audio_of
from bot.adapters.discord.messages import FAILED, edit_answer, files_of, log_failed, markdown_of
from bot.adapters.discord.posts import Posted, Posts
from bot.adapters.platform import BegunWork, Unreachable
from bot.assistant import Assistant, CommandName
from bot.audio import IncomingAudio
from bot.connections import ConnectionState
from bot.conversation import Platform
from bot.failures import Failure, FailureKind
from bot.storage import Storage
from bot.votes import checked_vote
from config import Settings

log = logging.getLogger(__name__)

_REMEMBERED = 256
_UNKNOWN_MESSAGE = 10008
_MOST_FILES = 10
_VITAL = frozenset({"READY", "RESUMED"})
_COMMANDS_STATE = "discord-commands"
_IDENTIFY_EVERY_S = 5.0
_TRIES_AGAIN_S = 0.5


class GuardedTree(app_commands.CommandTree[Any]):
    """Commands of everybody but those who are blocked; what Discord then says, it says."""

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        client = interaction.client
        return not (isinstance(client, GenreClient) and client.is_blocked(interaction))


class GenreClient(discord.AutoShardedClient):
    """One connection. Handlers are a few lines each: what is said and done, the assistant decides."""

    def __init__(
        self,
        settings: Settings,
        assistant: Assistant,
        storage: Storage,
        state: ConnectionState,
        *,
        reads_messages: bool,
    ) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=reads_messages)
        mine = settings.shards
        shards: dict[str, Any] = {"shard_ids": mine.ids, "shard_count": mine.count} if mine else {}
        super().__init__(
            intents=intents,
            proxy=settings.discord_proxy,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            **shards,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        parsers = self._connection.parsers
        parsers.update({event: passing_over(event, parse) for event, parse in parsers.items() if event not in _VITAL})
        self._settings = settings
        self._assistant = assistant
        self._storage = storage
        self._files: aiohttp.ClientSession | None = None
        self._begun = BegunWork()
        self._closing = False
        self._conversations = Conversations()
        self._posts = Posts(assistant, storage, self._conversations, self._begun, self._audio)
        self._state = state
        self._lost_shards: set[int] = set()
        self._identifies_at_once = 1
        self._sent_along: LRUCache[Source, discord.Attachment] = LRUCache(_REMEMBERED)
        self.tree: app_commands.CommandTree[Any] = GuardedTree(
            self,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )

    async def setup_hook(self) -> None:
        """Before the gateway connects: commands and buttons."""
        self.add_dynamic_items(AnotherButton, VoteButton, CorrectionMenu, FileMenu)
        await self.tree.set_translator(LocaleTranslator())
        self.tree.error(self._on_command_error)
        add_commands(self.tree, self)
        await self._sync_commands()
        if self._settings.shards:
            limits = await self.fetch_session_start_limits()
            self._identifies_at_once = limits.max_concurrency
            if limits.remaining < len(self._settings.shards.ids):  # beyond its limit Discord resets the token
                raise Unreachable(f"no more starts are allowed for {limits.reset_after / 3_600_000:.1f} hours")

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """So many shards may identify in five seconds, by their numbers; of all processes together."""
        if not self._settings.shards or shard_id is None:
            await super().before_identify_hook(shard_id, initial=initial)
            return
        turn = f"discord-identify:{self.application_id}:{shard_id % self._identifies_at_once}"
        while not await self._storage.works.turn(turn, every_s=_IDENTIFY_EVERY_S):  # noqa: ASYNC110  (of others, too)
            await asyncio.sleep(_TRIES_AGAIN_S)

    async def close(self) -> None:
        if self._files:
            await self._files.close()
        await super().close()

    async def finish_handlers(self) -> None:
        """Take nothing more, and give what has begun a little time."""
        self._closing = True
        await self._begun.finish()

    async def on_shard_disconnect(self, shard_id: int) -> None:
        self._lost_shards.add(shard_id)
        which = f" of shard {shard_id}" if len(self.shards) > 1 else ""
        self._state.connecting(f"the gateway{which} was lost")

    async def on_shard_resumed(self, shard_id: int) -> None:
        self._found(shard_id)

    async def on_shard_ready(self, shard_id: int) -> None:
        self._found(shard_id)

    def _found(self, shard_id: int) -> None:
        self._lost_shards.discard(shard_id)
        if self.is_ready() and not self._lost_shards:
            self._state.connected()

    async def on_ready(self) -> None:
        self._lost_shards.clear()
        self._state.connected()
        shards = self._settings.shards
        which = f", shards {shards.first} to {shards.last} of {shards.count}" if shards else ""
        log.info("Discord: listening as %s in %d servers%s", self.user, len(self.guilds), which)
        await self.take_up()

    async def take_up(self) -> None:
        """Answer what processes have begun that live no more, this one not among them."""
        if not self.user or self._closing or not self.is_ready():
            return
        left_over = await self._storage.works.left_over(Platform.DISCORD)
        if left_over:
            with self._begun.one():
                await self._posts.take_up(left_over, self, self.user)

    async def on_message(self, message: discord.Message) -> None:
        if self.user and not self._closing and not self._is_blocked(message):
            await self._posts.look_at(message, self.user)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if self.user and not self._closing and not self._is_blocked(payload.message):
            await self._posts.look_again(payload.message, self.user)

    def is_blocked(self, interaction: discord.Interaction) -> bool:
        """Whether whoever uses a command or a button, the channel or the server is on the list."""
        numbers = (interaction.user.id, interaction.channel_id, interaction.guild_id)
        return self._settings.is_blocked("discord", *numbers)

    def _is_blocked(self, message: discord.Message) -> bool:
        server = message.guild.id if message.guild else None
        return self._settings.is_blocked("discord", message.author.id, message.channel.id, server)

    async def on_command(self, interaction: discord.Interaction, name: CommandName, argument: str) -> None:
        """A slash command that is answered in words, for whoever used it alone; what was counted is for all."""
        is_private = name is not CommandName.STATS or bool(argument)
        if not await _is_taken(interaction, ephemeral=is_private):
            return
        with self._begun.one(), log_failed():
            reply = await self._assistant.command(self._conversations.of_interaction(interaction), name, argument)
            await interaction.followup.send(markdown_of(reply), files=files_of(reply), ephemeral=is_private)

    async def on_compare(
        self, interaction: discord.Interaction, first: discord.Attachment, second: discord.Attachment
    ) -> None:
        """`/compare` with two files."""
        if not await _is_taken(interaction):
            return
        with self._begun.one(), log_failed():
            conversation = self._conversations.of_interaction(interaction)

            async def say(sentence: str) -> None:
                await interaction.edit_original_response(content=sentence)

            reply = await self._assistant.compare(conversation, self._audio(first), self._audio(second), say)
            await edit_answer(interaction, [reply], None)

    async def on_genre(
        self, interaction: discord.Interaction, attachment: discord.Attachment, offset: str | None, *, whole_track: bool
    ) -> None:
        """`/genre` or `/track` with a file."""
        if not await _is_taken(interaction):
            return
        with self._begun.one(), log_failed():
            posted = Posted(attachment, Source(0, interaction.id, 0))
            await self._answer(interaction, [posted], offset, whole_track=whole_track)

    async def on_menu(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """'Identify genre' in the menu of a message."""
        attachments = attachments_of(message)[:_MOST_FILES]
        if not await _is_taken(interaction, ephemeral=not attachments):
            return
        with self._begun.one(), log_failed():
            if attachments:
                posted = [Posted(file, place_of(message, place)) for place, file in enumerate(attachments)]
                await self._answer(interaction, posted)
            else:
                await self._refuse(interaction, Failure(FailureKind.NO_AUDIO_HERE))

    async def on_file(self, interaction: discord.Interaction, source: Source) -> None:
        """One of several files that were answered together: its own answer, for whoever chose it."""
        if not await _is_taken(interaction, ephemeral=True, thinking=True):
            return
        with self._begun.one(), log_failed():
            try:
                posted = Posted(await self._find(source), source)
            except Failure as failure:
                await self._refuse(interaction, failure)
                return
            await self._answer(interaction, [posted], is_counted=False)

    async def on_another(
        self, interaction: discord.Interaction, source: Source, from_s: float | None, owner_id: str
    ) -> None:
        """The button under an answer: the same file from another second, in the same message."""
        if not await _is_taken(interaction):
            return
        with self._begun.one(), log_failed():
            conversation = self._conversations.of_interaction(interaction)
            try:
                await self._assistant.check_may_use(conversation, owner_id)
                attachment = await self._find(source)
            except Failure as failure:
                await self._refuse(interaction, failure)
                return
            reply = await self._assistant.identify(
                conversation, self._audio(attachment), offset=from_s, whole_track=from_s is None
            )
            if reply.picture is None:
                await interaction.followup.send(markdown_of(reply), ephemeral=True)
            else:
                await edit_answer(interaction, [reply], view_of(reply, source, owner_id))

    async def on_vote(
        self,
        interaction: discord.Interaction,
        source: Source,
        from_s: float | None,
        *,
        verdict: str,
        shown: str,
        corrected: str | None = None,
    ) -> None:
        """A verdict on an answer, or what was chosen after it: what is said to that is for one person alone."""
        if not await _is_taken(interaction):
            return
        with self._begun.one(), log_failed():
            conversation = self._conversations.of_interaction(interaction)
            try:
                vote = checked_vote(verdict, shown, corrected)
                audio = self._audio(await self._find(source))
                reply = await self._assistant.vote(conversation, audio, vote, from_s=from_s)
            except Failure as failure:
                await self._refuse(interaction, failure)
                return
            if corrected is None:
                view = choice_view(reply, vote, from_s, source) or discord.utils.MISSING
                await interaction.followup.send(markdown_of(reply), view=view, ephemeral=True)
            else:  # in the place of the menu
                await interaction.edit_original_response(content=markdown_of(reply), view=None)

    async def _answer(
        self,
        interaction: discord.Interaction,
        files: Sequence[Posted],
        offset: str | None = None,
        *,
        whole_track: bool = False,
        is_counted: bool = True,
    ) -> None:
        """Answer files in the message that the interaction has for that."""
        conversation = self._conversations.of_interaction(interaction)
        for file in files:
            self._sent_along[file.source] = file.attachment

        async def say(sentence: str) -> None:
            await interaction.edit_original_response(content=sentence)

        audios = [self._audio(file.attachment) for file in files]
        replies = await self._assistant.answer(
            conversation, audios, say, offset=offset, whole_track=whole_track, is_counted=is_counted
        )
        if len(files) == 1:
            view = view_of(replies[0], files[0].source, conversation.user_id)
        else:
            placeholder = (await self._assistant.texts(conversation))("reply-files")
            view = files_view(replies, [file.source for file in files], placeholder)
        await edit_answer(interaction, replies, view)

    def _audio(self, attachment: discord.Attachment) -> IncomingAudio:
        self._files = self._files or aiohttp.ClientSession()
        return audio_of(attachment, self._files, self._settings.discord_proxy)

    async def _find(self, source: Source) -> discord.Attachment:
        """A file, looked up anew, since its address expires. Raises `Failure` (gone)."""
        if source.channel_id:
            try:
                message = await self.get_partial_messageable(source.channel_id).fetch_message(source.message_id)
                return attachments_of(message)[source.place]
            except IndexError:  # without the message content intent, files of others' messages are hidden here
                log.info("Discord: a message shows no files when it is read again")
            except discord.HTTPException as error:
                if error.code == _UNKNOWN_MESSAGE:
                    raise Failure(FailureKind.GONE, "message deleted") from error
                log.info("Discord: a message cannot be read again: %s", error)  # the bot itself is no member there
        if source in self._sent_along:
            return self._sent_along[source]
        raise Failure(FailureKind.GONE, "not remembered since the last restart")

    async def _refuse(self, interaction: discord.Interaction, failure: Failure) -> None:
        words = markdown_of(await self._assistant.refusal(self._conversations.of_interaction(interaction), failure))
        if interaction.response.is_done():
            await interaction.followup.send(words, ephemeral=True)
        else:
            await interaction.response.send_message(words, ephemeral=True)

    async def _on_command_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        cause = getattr(error, "original", error)
        if isinstance(cause, (discord.HTTPException, aiohttp.ClientError, OSError)):
            log.warning("Discord: a command could not be answered: %r", cause)
            return
        log.error("Discord: a command failed", exc_info=cause)
        with contextlib.suppress(*FAILED):
            await self._refuse(interaction, Failure(FailureKind.INTERNAL, type(cause).__name__))

    async def _sync_commands(self) -> None:
        """Tell Discord our commands, but only when they have changed since it was last told."""
        try:
            wanted = f"{self.application_id}:{await fingerprint(self.tree)}"
            if await self._storage.bot_state(_COMMANDS_STATE) == wanted:
                return
            await self.tree.sync()
            await self._storage.set_bot_state(_COMMANDS_STATE, wanted)
        except (discord.DiscordException, aiohttp.ClientError, Failure) as error:
            log.warning("Discord: the commands could not be registered; trying at the next start: %s", error)


async def _is_taken(interaction: discord.Interaction, *, ephemeral: bool = False, thinking: bool = False) -> bool:
    """Tell Discord that an answer will come; whether it still takes one: after three seconds it does not (10062)."""
    client = interaction.client
    if isinstance(client, GenreClient) and client.is_blocked(interaction):
        return False
    try:
        await interaction.response.defer(ephemeral=ephemeral, thinking=thinking)
    except FAILED as error:
        log.warning("Discord: a command or a button came too late to be answered: %s", error)
        return False
    return True
