"""The Discord adapter: keeps a connection, for as long as the bot runs."""

import asyncio
import logging

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.adapters.discord.client import GenreClient
from bot.adapters.discord.log_lines import quieten
from bot.adapters.platform import TAKE_UP_EVERY_S, Unreachable, repeating
from bot.assistant import Assistant
from bot.connections import ConnectionState
from bot.storage import Storage
from config import Settings

log = logging.getLogger(__name__)

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # this bot never speaks


class DiscordAdapter:
    """The gateway connection, beside whatever else runs in this event loop."""

    name = "Discord"
    hook = None

    def __init__(self, settings: Settings, assistant: Assistant, storage: Storage) -> None:
        self._settings = settings
        self._assistant = assistant
        self._storage = storage
        self._reads_messages = settings.discord_message_content
        self.state = ConnectionState()
        self._client: GenreClient | None = None
        quieten()
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

    async def problem(self) -> str | None:
        token = self._settings.discord_token
        assert token is not None
        client = discord.Client(intents=discord.Intents.none(), proxy=self._settings.discord_proxy)
        try:
            async with client:
                await client.login(token.get_secret_value())
        except discord.LoginFailure:
            return "DISCORD_TOKEN is refused; reset it in the developer portal"
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            return f"cannot be reached: {type(error).__name__}: {error}"
        return None

    async def tell(self, chat: str, words: str) -> None:
        if self._client:
            await self._client.get_partial_messageable(int(chat)).send(words)

    async def _serve(self, stop: asyncio.Event) -> None:
        token = self._settings.discord_token
        assert token is not None
        client = GenreClient(
            self._settings,
            self._assistant,
            self._storage,
            self.state,
            reads_messages=self._reads_messages,
        )
        self._client = client
        async with client:
            connected = asyncio.create_task(client.start(token.get_secret_value()))
            stopped = asyncio.create_task(stop.wait())
            try:
                async with repeating(client.take_up, every_s=TAKE_UP_EVERY_S):
                    await asyncio.wait((connected, stopped), return_when=asyncio.FIRST_COMPLETED)
                    if connected.done():
                        connected.result()
                    await client.finish_handlers()
            finally:
                stopped.cancel()
                connected.cancel()
                await asyncio.gather(connected, stopped, return_exceptions=True)
