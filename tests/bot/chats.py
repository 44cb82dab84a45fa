"""The bot on a chat platform, as its people see it: real library, real sockets, a server on this machine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.platform import ChatAdapter, keep_running
from bot.adapters.telegram.adapter import TelegramAdapter
from bot.assistant import Assistant
from bot.executors.processes import ProcessExecutor
from bot.service import GenreService
from bot.storage import Storage
from bot.storage.schema import feedback
from bot.storage.works import Works
from config import Settings
from tests.support.databases import fresh_database
from tests.support.discord_server import DiscordServer, Request
from tests.support.telegram_server import Call, Json, TelegramServer

T = TypeVar("T")

GROUP = -100_500
PERSON = 7
OTHER = 8


@dataclass(frozen=True)
class Wired:
    """What stands behind both adapters."""

    settings: Settings
    pool: ProcessExecutor
    service: GenreService
    storage: Storage
    assistant: Assistant


async def wired(settings: Settings, pool: ProcessExecutor, folder: Path) -> Wired:
    service = GenreService(settings, pool)
    storage = await Storage.open(fresh_database(folder))
    return Wired(settings, pool, service, storage, Assistant(settings, service, storage))


@contextlib.asynccontextmanager
async def running(adapter: ChatAdapter) -> AsyncIterator[asyncio.Event]:
    """The adapter at work; yields the event that stops it."""
    stop = asyncio.Event()
    task = asyncio.create_task(keep_running(adapter, stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await task


class Chat(Protocol):
    """A group of people on either platform; texts are what they read, without markup."""

    async def post(self, content: bytes, *, name: str = ..., media_type: str = ..., size: int | None = None) -> str:
        """Somebody posts a file, and this is the reply."""

    async def command(self, text: str, *, manager: bool = False) -> str:
        """Somebody writes a command, and this is the reply."""

    async def ask(self) -> str:
        """Somebody asks for the genre of the last file that was posted."""

    async def ask_without_file(self) -> str:
        """Somebody asks for the genre of a message that has no file."""

    async def press(self, *, other: bool = False, deleted: bool = False, vote: bool = False) -> str:
        """The button under the last answer is pressed: by another person, or after the file was deleted.

        `vote`: not the one for another part, but the first verdict.
        """

    def lose_download(self) -> None:
        """The next download breaks off, however often it is tried."""


class TelegramChat:
    def __init__(self, server: TelegramServer, language: str) -> None:
        self.server = server
        self.language = language
        self.last: Json = {}

    async def post(
        self, content: bytes, *, name: str = "track.mp3", media_type: str = "audio/mpeg", size: int | None = None
    ) -> str:
        number = len(self._said())
        file_id = self.server.add_file(content, name=name)
        self.last = self.server.send(
            chat_id=GROUP, document=file_id, file_name=name, media_type=media_type, file_size=size,
            language_code=self.language,
        )  # fmt: skip
        return await self._next(number)

    async def command(self, text: str, *, manager: bool = False) -> str:
        number = len(self._said())
        self.server.administrators[GROUP] = {PERSON} if manager else set()
        self.server.send(chat_id=GROUP, user_id=PERSON, text=text, language_code=self.language)
        return await self._next(number)

    async def ask(self) -> str:
        number = len(self._said())
        self.server.send(chat_id=GROUP, text="/genre", reply_to=self.last, language_code=self.language)
        return await self._next(number)

    async def ask_without_file(self) -> str:
        number = len(self._said())
        text = self.server.send(chat_id=GROUP, text="no file", language_code=self.language)
        self.server.send(chat_id=GROUP, text="/genre", reply_to=text, language_code=self.language)
        return await self._next(number)

    async def press(self, *, other: bool = False, deleted: bool = False, vote: bool = False) -> str:
        number = len(self.server.of("answerCallbackQuery"))
        message = next(m for m in reversed(self.server._sent) if "reply_markup" in m)
        data = message["reply_markup"]["inline_keyboard"][int(vote)][0]["callback_data"]
        if deleted:
            message.pop("reply_to_message")
            self.server.delete(self.server.sent())
        self.server.press(message, data, user_id=OTHER if other else PERSON, language_code=self.language)
        call = await self.server.wait_for("answerCallbackQuery", number=number + 1)
        return str(call.params.get("text", ""))

    def lose_download(self) -> None:
        self.server.fail("download", status=502, description="Bad Gateway", times=10)

    def _said(self) -> list[Call]:
        return [call for call in self.server.calls if call.method in {"sendMessage", "sendPhoto"}]

    async def _next(self, number: int) -> str:
        call = await nth(self._said, number)
        return str(self.server.sent(number).get("caption") or self.server.sent(number).get("text") or call)


class DiscordChat:
    def __init__(self, server: DiscordServer, language: str) -> None:
        self.server = server
        self.locale = {"en": "en-GB", "es": "es-ES", "pt": "pt-BR"}[language]
        self.last: Json = {}

    async def post(
        self, content: bytes, *, name: str = "track.mp3", media_type: str = "audio/mpeg", size: int | None = None
    ) -> str:
        number = len(self._answers())
        attachment = self.server.add_file(content, name, media_type, size)
        self.last = await self.server.post(attachments=[attachment])
        return await self._next(number)

    async def command(self, text: str, *, manager: bool = False) -> str:
        name, _, value = text.removeprefix("/").partition(" ")
        option = "feedback" if name == "privacy" else "value"
        options = [{"name": option, "type": 3, "value": value}] if value else []
        number = len(self._answers())
        await self.server.slash(name, options, permissions=1 << 5 if manager else 0, locale=self.locale)
        return await self._next(number)

    async def ask(self) -> str:
        number = len(self._answers())
        await self.server.menu("Identify genre", self.last, locale=self.locale)
        return await self._next(number)

    async def ask_without_file(self) -> str:
        number = len(self._answers())
        text = await self.server.post("no file")
        await self.server.menu("Identify genre", text, locale=self.locale)
        return await self._next(number)

    async def press(self, *, other: bool = False, deleted: bool = False, vote: bool = False) -> str:
        number = len(self._answers())
        message = next(m for m in reversed(self.server.messages.values()) if m["components"])
        if deleted:
            del self.server.messages[int(self.last["id"])]
        user_id = self.server.user_id + 1 if other else None
        custom_id = message["components"][int(vote)]["components"][0]["custom_id"]
        await self.server.press(message, custom_id, user_id=user_id, locale=self.locale)
        return await self._next(number)

    def lose_download(self) -> None:
        self.server.fail("GET", "/attachments/", status=502, body={}, times=10)

    def _answers(self) -> list[Request]:
        def is_answer(request: Request) -> bool:
            sends = request.method == "POST" and (request.path.endswith("/messages") or "/webhooks/" in request.path)
            return sends or (request.method == "PATCH" and "@original" in request.path)

        return [request for request in self.server.requests if is_answer(request)]

    async def _next(self, number: int) -> str:
        return plain((await nth(self._answers, number)).body)


async def kept(storage: Storage) -> list[Any]:
    """The rows of feedback, in the order of their windows."""
    async with storage.database.engine.connect() as connection:
        return list(await connection.execute(sa.select(feedback).order_by(feedback.c.start_s)))


async def nth(found: Callable[[], list[T]], number: int) -> T:
    """The item of that number (from 0), as soon as there are so many."""
    async with asyncio.timeout(20):
        while len(found()) <= number:  # noqa: ASYNC110  (no event tells it)
            await asyncio.sleep(0.02)
    return found()[number]


def plain(body: Any) -> str:
    """The words of a Discord message, of its cards if it has any, without bold and without escapes."""
    return marked(body).replace("**", "").replace("\\", "")


def marked(body: Any) -> str:
    """The words of a Discord message as they were sent, with their marks."""
    return "\n".join(card["description"] for card in body.get("embeds") or ()) or str(body["content"])


def telegram_adapter(behind: Wired, server: TelegramServer, **changes: Any) -> TelegramAdapter:
    settings = behind.settings.model_copy(
        update={
            **changes,
            "telegram_token": type(behind.settings.database_url)(server.token),
            "telegram_base_url": server.base_url,
            "telegram_base_file_url": server.base_file_url,
        }
    )
    return TelegramAdapter(settings, behind.assistant, behind.storage)


@contextlib.asynccontextmanager
async def another_process(behind: Wired, name: str) -> AsyncIterator[Wired]:
    """The same bot as if it ran on another machine, on the same database."""
    storage = await Storage.open(behind.storage.database.engine.url.render_as_string(hide_password=False))
    storage.works = Works(storage.database, process=name)
    storage.works._place = name
    await storage.works.beat()
    service = GenreService(behind.settings, behind.pool)
    try:
        yield Wired(behind.settings, behind.pool, service, storage, Assistant(behind.settings, service, storage))
    finally:
        await storage.close()


def discord_adapter(behind: Wired, server: DiscordServer, **changes: Any) -> DiscordAdapter:
    settings = behind.settings.model_copy(
        update={
            **changes,
            "discord_token": type(behind.settings.database_url)(server.token),
            "discord_api_base": server.api_base,
            "discord_gateway_url": server.gateway_url,
        }
    )
    return DiscordAdapter(settings, behind.assistant, behind.storage)
