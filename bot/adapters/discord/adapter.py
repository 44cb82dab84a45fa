"""The Discord adapter: turns events into calls of the assistant, and its replies into messages."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord
import yarl
from cachetools import LRUCache
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.adapters.discord.buttons import (
    AnotherButton,
    CorrectionMenu,
    Source,
    VoteButton,
    choice_view,
    place_of,
    view_of,
)
from bot.adapters.discord.commands import LocaleTranslator, add_commands, fingerprint
from bot.adapters.discord.conversations import Conversations
from bot.adapters.discord.media import attachments_of, audio_of
from bot.adapters.discord.messages import FAILED, edit_answer, files_of, log_failed, markdown_of, send_reply
from bot.adapters.platform import BegunWork, Unreachable, repeating
from bot.assistant import Assistant, CommandName
from bot.audio import IncomingAudio
from bot.conversation import Conversation
from bot.failures import Failure, FailureKind
from bot.progress import Progress, accompanied
from bot.replies import Reply
from bot.storage import Storage
from bot.votes import checked_vote
from config import Settings

log = logging.getLogger(__name__)

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # this bot never speaks

_TYPING_EVERY_S = 8.0
"""Discord shows typing for ten seconds."""
_REMEMBERED = 256
_UNKNOWN_MESSAGE = 10008
_COMMANDS_STATE = "discord-commands"


class DiscordAdapter:
    """The gateway connection, beside whatever else runs in this event loop."""

    name = "Discord"

    def __init__(self, settings: Settings, assistant: Assistant, storage: Storage) -> None:
        self._settings = settings
        self._assistant = assistant
        self._storage = storage
        self._reads_messages = settings.discord_message_content
        if settings.discord_api_base:
            Route.BASE = settings.discord_api_base
        if settings.discord_gateway_url:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises `Unreachable`."""
        try:
            try:
                await self._serve(stop)
            except discord.PrivilegedIntentsRequired:
                log.warning(
                    "Discord: the message content intent is not granted (developer portal, Bot, Privileged Gateway"
                    " Intents), so files are answered only when the bot is asked"
                )
                self._reads_messages = False
                await self._serve(stop)
        except discord.LoginFailure as error:
            raise Unreachable("DISCORD_TOKEN is refused; reset it in the developer portal") from error
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"cannot be reached: {type(error).__name__}: {error}") from error

    async def _serve(self, stop: asyncio.Event) -> None:
        token = self._settings.discord_token
        assert token is not None
        client = GenreClient(self._settings, self._assistant, self._storage, reads_messages=self._reads_messages)
        async with client:
            connected = asyncio.create_task(client.start(token.get_secret_value()))
            stopped = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait((connected, stopped), return_when=asyncio.FIRST_COMPLETED)
                if connected.done():
                    connected.result()
                await client.finish_handlers()
            finally:
                stopped.cancel()
                connected.cancel()
                await asyncio.gather(connected, stopped, return_exceptions=True)


class GenreClient(discord.AutoShardedClient):
    """One connection. Handlers are a few lines each: what is said and done, the assistant decides."""

    def __init__(self, settings: Settings, assistant: Assistant, storage: Storage, *, reads_messages: bool) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=reads_messages)
        super().__init__(
            intents=intents,
            proxy=settings.discord_proxy,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self._settings = settings
        self._assistant = assistant
        self._storage = storage
        self._files: aiohttp.ClientSession | None = None
        self._begun = BegunWork()
        self._closing = False
        self._conversations = Conversations()
        self._sent_along: LRUCache[Source, discord.Attachment] = LRUCache(_REMEMBERED)
        self.tree: app_commands.CommandTree[Any] = app_commands.CommandTree(
            self,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )

    async def setup_hook(self) -> None:
        """Before the gateway connects: commands and buttons."""
        self.add_dynamic_items(AnotherButton, VoteButton, CorrectionMenu)
        await self.tree.set_translator(LocaleTranslator())
        self.tree.error(self._on_command_error)
        add_commands(self.tree, self)
        await self._sync_commands()

    async def close(self) -> None:
        if self._files:
            await self._files.close()
        await super().close()

    async def finish_handlers(self) -> None:
        """Take nothing more, and give what has begun a little time."""
        self._closing = True
        await self._begun.finish()

    async def on_ready(self) -> None:
        log.info("Discord: listening as %s in %d servers", self.user, len(self.guilds))

    async def on_message(self, message: discord.Message) -> None:
        """Audio that was posted; a mention or a direct message without any gets the help."""
        if message.author.bot or message.webhook_id or self._closing:
            return
        assert self.user is not None
        is_asked = any(f"<@{sign}{self.user.id}>" in message.content for sign in ("", "!"))  # not the ping of a reply
        replied_to = message.reference.resolved if message.reference else None
        holder = message
        if is_asked and not attachments_of(message) and isinstance(replied_to, discord.Message):
            holder = message if replied_to.author.id == self.user.id else replied_to
        attachments = attachments_of(holder)
        conversation = self._conversations.of_message(message)
        with self._begun.one():
            if not attachments:
                if is_asked or (conversation.is_private and not message.reference):
                    await send_reply(message, await self._assistant.command(conversation, CommandName.HELP))
                return
            await asyncio.gather(
                *(
                    self._answer_message(message, conversation, attachment, place_of(holder, place), asked=is_asked)
                    for place, attachment in enumerate(attachments)
                )
            )

    async def on_command(self, interaction: discord.Interaction, name: CommandName, argument: str) -> None:
        """A slash command that is answered in words, for whoever used it alone."""
        await interaction.response.defer(ephemeral=True)
        with self._begun.one():
            reply = await self._assistant.command(self._conversations.of_interaction(interaction), name, argument)
            await interaction.followup.send(markdown_of(reply), ephemeral=True)

    async def on_genre(
        self, interaction: discord.Interaction, attachment: discord.Attachment, offset: str | None, *, whole_track: bool
    ) -> None:
        """`/genre` or `/track` with a file."""
        await interaction.response.defer()
        with self._begun.one():
            source = Source(0, interaction.id, 0)
            self._sent_along[source] = attachment
            await self._answer_interaction(interaction, attachment, source, offset, whole_track=whole_track)

    async def on_menu(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """'Identify genre' in the menu of a message."""
        attachments = attachments_of(message)
        await interaction.response.defer(ephemeral=not attachments)
        with self._begun.one():
            if not attachments:
                await self._refuse(interaction, Failure(FailureKind.NO_AUDIO_HERE))
            for place, attachment in enumerate(attachments[:5]):  # a user-installed app has five follow-ups
                source = place_of(message, place)
                self._sent_along[source] = attachment
                await self._answer_interaction(interaction, attachment, source)

    async def on_another(
        self, interaction: discord.Interaction, source: Source, from_s: float | None, owner_id: str
    ) -> None:
        """The button under an answer: the same file from another second, in the same message."""
        await interaction.response.defer()
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
                await edit_answer(interaction, reply, view_of(reply, source, owner_id))

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
        await interaction.response.defer()
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

    async def _answer_message(
        self,
        message: discord.Message,
        conversation: Conversation,
        attachment: discord.Attachment,
        source: Source,
        *,
        asked: bool,
    ) -> None:
        if not await self._assistant.wants(conversation, attachment.filename, attachment.content_type, asked=asked):
            return
        status: list[discord.Message] = []

        async def say(sentence: str) -> None:
            if status:
                await status[0].edit(content=sentence)
            else:
                status.append(await message.reply(sentence, mention_author=False))

        async def type_on() -> None:
            with contextlib.suppress(*FAILED):
                await message.channel.typing()

        async with repeating(type_on, every_s=_TYPING_EVERY_S):
            reply = await self._identified(conversation, attachment, say)
        is_sent = await send_reply(message, reply, view_of(reply, source, conversation.user_id))
        for said in status:
            with contextlib.suppress(*FAILED):
                await (said.delete() if is_sent else said.edit(content=markdown_of(reply)))

    async def _answer_interaction(
        self,
        interaction: discord.Interaction,
        attachment: discord.Attachment,
        source: Source,
        offset: str | None = None,
        *,
        whole_track: bool = False,
    ) -> None:
        conversation = self._conversations.of_interaction(interaction)

        async def say(sentence: str) -> None:
            await interaction.edit_original_response(content=sentence)

        reply = await self._identified(conversation, attachment, say, offset=offset, whole_track=whole_track)
        view = view_of(reply, source, conversation.user_id)
        if source.place == 0:
            await edit_answer(interaction, reply, view)
        else:
            files = files_of(reply)
            await interaction.followup.send(markdown_of(reply), files=files, view=view or discord.utils.MISSING)

    async def _identified(
        self,
        conversation: Conversation,
        attachment: discord.Attachment,
        say: Callable[[str], Awaitable[None]],
        *,
        offset: str | None = None,
        whole_track: bool = False,
    ) -> Reply:
        progress = Progress()
        audio = self._audio(attachment)
        work = self._assistant.identify(conversation, audio, offset=offset, whole_track=whole_track, progress=progress)
        return await accompanied(work, progress, await self._assistant.texts(conversation), say)

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
        if isinstance(cause, discord.HTTPException):
            log.warning("Discord: a command could not be answered: %s", cause)
            return
        log.error("Discord: a command failed", exc_info=cause)
        with contextlib.suppress(discord.HTTPException):
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
