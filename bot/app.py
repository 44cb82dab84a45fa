"""Putting the bot together: workers, service, adapters; and taking it apart again when it is told to stop."""

import asyncio
import contextlib
import importlib
import logging
import resource
import signal
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from bot.adapters.operator_chat import tell_operator
from bot.adapters.platform import ChatAdapter, keep_running
from bot.adapters.web.guard import Door
from bot.adapters.web.server import WebAdapter
from bot.connections import ConnectionState
from bot.executors import Executor, ModelUnusable, executor_for
from bot.failures import Failure
from bot.health import Health
from bot.service import GenreService
from config import Settings

if TYPE_CHECKING:
    from bot.storage import Storage  # which takes longest to import: the page answers before

log = logging.getLogger(__name__)

_IDLE_S = 15.0
"""A connection without a whole request is closed after so long."""
_DATABASE_DELAYS_S = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Between tries at the start: its server may start at the same time."""
_JOBS_GRACE_S = 3.0
"""How long running jobs may take to end once the bot is told to stop."""
_ADAPTERS_GRACE_S = 5.0
"""How long the chat adapters then have to send the last answers and to close."""


class CannotRun(Exception):
    """The bot cannot start; the text is one line for the person at the terminal."""


async def check(settings: Settings, tell: Callable[[str], object]) -> None:
    """Try all that is set, once, and tell of each part whether it works. Raises `CannotRun` where one does not."""
    pool = _executor(settings)
    service = GenreService(settings, pool)
    failing: list[str] = []

    def say(part: str, problem: str | None, fine: str) -> None:
        tell(f"{part}: {problem or fine}")
        failing.extend([part] if problem else [])

    say("settings", None, "they can be used")
    from bot.storage import Storage, StorageUnusable

    async with contextlib.AsyncExitStack() as closing:
        closing.push_async_callback(pool.close, grace_s=0.0)
        pool.start()
        try:
            say("model", None, await _model_version(pool))
        except CannotRun as error:
            say("model", str(error), "")
        storage: Storage | None = None
        if _has_chats(settings) or settings.feedback:
            try:
                storage = await Storage.open(settings.database_url.get_secret_value())
                closing.push_async_callback(storage.close)
                say("database", None, "it answers")
            except StorageUnusable as error:
                say("database", str(error), "")
        if storage:
            for adapter in _chat_adapters(settings, service, storage):
                say(adapter.name, await adapter.problem(), "the token is taken")
    if failing:
        raise CannotRun(f"This does not work: {', '.join(failing)}")


async def _model_version(executor: Executor) -> str:
    """What the first worker says. Raises `CannotRun` where there is none: at once for a cluster that is away."""
    ready = asyncio.ensure_future(executor.until_ready())
    try:
        while not ready.done() and not executor.connection.reason:
            await asyncio.wait((ready,), timeout=0.2)
        if not ready.done():
            raise CannotRun(executor.connection.reason)
        return ready.result().version
    except ModelUnusable as error:
        raise CannotRun(str(error)) from error
    finally:
        ready.cancel()


async def migrate(settings: Settings) -> None:
    """Make the database's tables what this version needs. Raises `CannotRun` where it cannot be used."""
    from bot.storage import Storage, StorageUnusable

    try:
        storage = await Storage.open(settings.database_url.get_secret_value())
    except StorageUnusable as error:
        raise CannotRun(str(error)) from error
    await storage.close()
    log.info("The database is up to date.")


def _executor(settings: Settings) -> Executor:
    try:
        return executor_for(settings)
    except Failure as failure:
        raise CannotRun(failure.detail) from failure


async def run(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Raises `CannotRun` for a port in use, an unusable model or database."""
    pool = _executor(settings)
    service = GenreService(settings, pool)
    health = Health(service)
    page = WebAdapter(settings, service, health)
    runner = web.AppRunner(
        page.application(), access_log=None, shutdown_timeout=2.0, keepalive_timeout=_IDLE_S, handler_cancellation=True
    )
    stop = _stop_signal()
    platforms: list[asyncio.Task[None]] = []
    async with contextlib.AsyncExitStack() as closing:
        closing.push_async_callback(runner.cleanup)
        await _listen(runner, settings, closing)
        storage = await _storage(settings, health, closing, stop)
        if stop.is_set():  # before there are any workers to end
            log.info("Stopping.")
            return
        if storage and settings.feedback:
            page.ask_for_feedback(storage)
        health.storage = storage
        if storage and _has_chats(settings):
            await closing.enter_async_context(_living(storage))
        adapters = _chat_adapters(settings, service, storage) if storage and _has_chats(settings) else []
        health.connections |= {"discord": ConnectionState(), "telegram": ConnectionState()}
        page.open_hooks(adapters)
        health.connections |= {adapter.name.lower(): adapter.state for adapter in adapters}
        closing.push_async_callback(_wind_down, service, pool, platforms)  # before the storage is closed
        pool.start()
        platforms += [asyncio.create_task(keep_running(adapter, stop), name=adapter.name) for adapter in adapters]
        if settings.admin_chat:
            closing.callback(asyncio.create_task(tell_operator(settings.admin_chat, health, adapters)).cancel)
        await _warm(pool, stop)
        await stop.wait()
        log.info("Stopping.")


async def _wind_down(service: GenreService, pool: Executor, platforms: list[asyncio.Task[None]]) -> None:
    """Refuse what waits, let running jobs end, and give the adapters time to say so."""
    service.close()
    await pool.close(grace_s=_JOBS_GRACE_S)
    if platforms:
        _, late = await asyncio.wait(platforms, timeout=_ADAPTERS_GRACE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


@contextlib.asynccontextmanager
async def _living(storage: "Storage") -> AsyncIterator[None]:
    """Other processes that use the database know that this one lives, until the block ends."""
    from bot.storage.works import BEAT_EVERY_S

    async def beat() -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            await storage.works.beat()

    await storage.works.beat()
    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await storage.works.leave()


def _has_chats(settings: Settings) -> bool:
    return bool(settings.discord_token or settings.telegram_token)


async def _storage(
    settings: Settings, health: Health, closing: contextlib.AsyncExitStack, stop: asyncio.Event
) -> "Storage | None":
    """The database, if it is needed.

    Chats cannot do without it and wait for it, until the bot is told to stop; the page can, and then
    asks for no feedback.
    """
    if not _has_chats(settings):
        log.info("No DISCORD_TOKEN and no TELEGRAM_TOKEN: only the web page is on.")
        if not settings.feedback:
            return None
    storages = await asyncio.to_thread(importlib.import_module, "bot.storage")  # while the page answers
    for delay_s in (*_DATABASE_DELAYS_S, None):
        if stop.is_set():
            return None
        try:
            storage: Storage = await storages.Storage.open(settings.database_url.get_secret_value())
        except storages.StorageUnusable as error:
            if not _has_chats(settings):
                log.warning("%s. The page works without it, but asks for no feedback.", error)
                return None
            if not error.may_pass or delay_s is None:
                raise CannotRun(str(error)) from error
            log.warning("%s; trying again in %.0f s", error, delay_s)
            health.database_trouble = str(error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await stop.wait()
        else:
            closing.push_async_callback(storage.close)
            return storage
    raise AssertionError("the last try returns or raises")


def _chat_adapters(settings: Settings, service: GenreService, storage: "Storage") -> list[ChatAdapter]:
    """The platforms that have a token. Their libraries are imported only where they are used."""
    from bot.assistant import Assistant

    if not settings.discord_token:
        log.info("DISCORD_TOKEN is not set: Discord is off.")
    if not settings.telegram_token:
        log.info("TELEGRAM_TOKEN is not set: Telegram is off.")
    assistant = Assistant(settings, service, storage)
    adapters: list[ChatAdapter] = []
    if settings.discord_token:
        from bot.adapters.discord.adapter import DiscordAdapter

        adapters.append(DiscordAdapter(settings, assistant, storage))
    if settings.telegram_token:
        from bot.adapters.telegram.adapter import TelegramAdapter

        adapters.append(TelegramAdapter(settings, assistant, storage))
    return adapters


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _listen(runner: web.AppRunner, settings: Settings, closing: contextlib.AsyncExitStack) -> None:
    await runner.setup()
    assert runner.server is not None
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    door = Door(runner.server, min(settings.web_connections, descriptors // 2))
    try:
        server = await asyncio.get_running_loop().create_server(
            door, settings.web_host, settings.web_port, reuse_address=True, start_serving=True
        )
    except OSError as error:
        where = f"{settings.web_host}:{settings.web_port}"
        raise CannotRun(f"WEB_HOST, WEB_PORT: cannot listen on {where}: {error.strerror}") from error
    closing.callback(server.close)
    log.info("The page is at http://%s:%d", settings.web_host, settings.web_port)


async def _warm(pool: Executor, stop: asyncio.Event) -> None:
    log.info("The workers are warming up.")
    ready, stopped = asyncio.ensure_future(pool.until_ready()), asyncio.ensure_future(stop.wait())
    await asyncio.wait((ready, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not ready.done():
        ready.cancel()
        return
    try:
        log.info("Ready, with model %s.", ready.result().version)
    except ModelUnusable as error:
        raise CannotRun(str(error)) from error
