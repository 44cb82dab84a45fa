"""The Telegram adapter: keeps a connection, for as long as the bot runs."""

import asyncio
import functools
import logging
import os
import ssl
from typing import Any

import httpx
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
    Update,
)
from telegram.error import InvalidToken, NetworkError, TelegramError
from telegram.ext import ApplicationBuilder
from telegram.request import HTTPXRequest

from bot.adapters.platform import TAKE_UP_EVERY_S, BegunWork, Unreachable, repeating
from bot.adapters.telegram.asking import ServerClock
from bot.adapters.telegram.handlers import AnyApplication, Handlers
from bot.adapters.telegram.journal import Journal, Position
from bot.adapters.telegram.limiter import ChatLimiter
from bot.adapters.telegram.polling import Lanes, poll, take
from bot.adapters.telegram.webhook import Webhook
from bot.assistant import Assistant, CommandName
from bot.connections import ConnectionState
from bot.conversation import Platform
from bot.storage import Storage
from bot.texts import DEFAULT_LANGUAGE, LANGUAGES, texts_in
from config import Settings

log = logging.getLogger(__name__)

_CONNECTIONS = 64
_ALLOWED = [
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CHANNEL_POST,
    Update.EDITED_CHANNEL_POST,
    Update.CALLBACK_QUERY,
    Update.MY_CHAT_MEMBER,
]
_HTTPX_READS = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_SCOPES = (BotCommandScopeDefault(), BotCommandScopeAllPrivateChats(), BotCommandScopeAllGroupChats())


class TelegramAdapter:
    """Asks Telegram for what has happened, or is called by it, beside whatever else runs in this event loop."""

    name = "Telegram"

    def __init__(self, settings: Settings, assistant: Assistant, storage: Storage) -> None:
        self._settings = settings
        self._assistant = assistant
        self._storage = storage
        self._begun = BegunWork()
        self._clock = ServerClock()
        self.state = ConnectionState()
        self._bot: Bot | None = None
        self._position = Position()
        self._limiter = ChatLimiter(self._waited)
        self._handlers = Handlers(settings, assistant, self._limiter, self._begun, self._clock)
        url, token = settings.telegram_webhook_url, settings.telegram_token
        self.hook = Webhook(url, token.get_secret_value()) if url and token else None

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises `Unreachable`."""
        application = self._application()
        try:
            async with application:
                introduced = asyncio.create_task(self._introduce(application.bot))  # a flood wait must not keep us deaf
                try:
                    await self._serve(application, stop)
                finally:
                    introduced.cancel()
                    await asyncio.gather(introduced, return_exceptions=True)
        except InvalidToken as error:
            await application.bot.request.shutdown()  # what was opened before the refusal
            raise Unreachable("TELEGRAM_TOKEN is refused; ask @BotFather for a valid one") from error
        except NetworkError as error:
            raise Unreachable(f"cannot be reached: {error.message}") from error
        except TelegramError as error:
            raise Unreachable(error.message) from error

    def _waited(self) -> None:
        self._assistant.waited(Platform.TELEGRAM)

    async def problem(self) -> str | None:
        application = self._application()
        try:
            async with application.bot:
                return None
        except InvalidToken:
            return "TELEGRAM_TOKEN is refused; ask @BotFather for a valid one"
        except TelegramError as error:
            return f"cannot be reached: {error.message}"

    async def tell(self, chat: str, words: str) -> None:
        if self._bot:
            await self._bot.send_message(chat, words)

    def _application(self) -> AnyApplication:
        settings = self._settings
        assert settings.telegram_token is not None
        self._limiter = self._handlers.limiter = ChatLimiter(self._waited)
        builder = (
            ApplicationBuilder()
            .token(settings.telegram_token.get_secret_value())
            .rate_limiter(self._limiter)
            .request(self._connections(_CONNECTIONS))
            .get_updates_request(self._connections(1))
            .updater(None)
            .local_mode(settings.telegram_local_mode)
        )
        if settings.telegram_base_url:
            builder = builder.base_url(settings.telegram_base_url)
        if settings.telegram_base_file_url:
            builder = builder.base_file_url(settings.telegram_base_file_url)
        application = builder.build()
        self._handlers.add_to(application)
        return application

    def _connections(self, count: int) -> HTTPXRequest:
        try:
            return self._request(count)
        except Exception as error:  # httpx has a kind of its own for each thing that is wrong with these
            named = [name for name in _HTTPX_READS if os.environ.get(name) or os.environ.get(name.lower())]
            where = "TELEGRAM_PROXY" if self._settings.telegram_proxy else ", ".join(named) or "the connection"
            raise Unreachable(f"{where} cannot be used: {error}; unset it, or set TELEGRAM_PROXY") from error

    def _request(self, count: int) -> HTTPXRequest:
        return HTTPXRequest(
            connection_pool_size=count,
            proxy=self._settings.telegram_proxy,
            connect_timeout=10.0,
            pool_timeout=30.0,
            read_timeout=self._settings.upload_timeout_s,
            media_write_timeout=60.0,
            httpx_kwargs={"event_hooks": {"response": [self._clock.hear]}, "verify": _certificates()},
        )

    async def _introduce(self, bot: Bot) -> None:
        """Teach Telegram our commands in every language, and say in the log what the bot will not see."""
        if not bot.bot.can_read_all_group_messages:
            log.info("Telegram: privacy mode is on, so in groups the bot sees only /genre as a reply to a file")
        for language in LANGUAGES:
            texts = texts_in(language)
            commands = [BotCommand(name, texts(f"command-{name}")) for name in CommandName]
            for scope in _SCOPES:
                code = None if language == DEFAULT_LANGUAGE else language
                try:
                    await bot.set_my_commands(commands, scope=scope, language_code=code)
                except TelegramError as error:
                    log.warning("Telegram: the commands could not be set; trying at the next start: %s", error.message)
                    return

    async def _serve(self, application: AnyApplication, stop: asyncio.Event) -> None:
        bot = application.bot
        journal = Journal(self._storage, bot.id, self._position)

        async def handle(update: Update) -> None:
            with self._begun.one():  # what has been answered is struck out, too, before a stop
                await application.process_update(update)
                await journal.end(update.update_id)

        async def overflow(update: Update) -> None:
            await self._handlers.on_overflow(update)
            await journal.end(update.update_id)

        lanes = Lanes(handle, overflow)
        await application.start()
        try:
            log.info("Telegram: listening as @%s", bot.username)
            self._bot = bot
            await take(await journal.resume(), bot, journal, lanes.put)

            async def take_up() -> None:
                await take(await journal.left_over(), bot, journal, lanes.put)

            async with repeating(take_up, every_s=TAKE_UP_EVERY_S):
                if self.hook is None:
                    self.state.connected()
                    await poll(bot, journal, _ALLOWED, lanes.put, stop, self.state)
                else:
                    await self._be_called(self.hook, bot, journal, lanes, stop)
        finally:
            self._bot = None
            self._limiter.hurry()
            try:
                await self._begun.finish()
            finally:
                await lanes.close()
                await application.stop()

    async def _be_called(self, hook: Webhook, bot: Bot, journal: Journal, lanes: Lanes, stop: asyncio.Event) -> None:
        async def receive(update: dict[str, Any]) -> None:
            await take(await journal.delivered(update), bot, journal, lanes.put)

        with hook.open_to(receive):
            await hook.keep(bot, _ALLOWED, stop, self.state)


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Whom all connections of this process believe: reading it takes longer than all else that a connection needs."""
    return httpx.create_ssl_context()
