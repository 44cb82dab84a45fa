"""Putting the bot together: workers, service, adapters; and taking it apart again when it is told to stop."""

import asyncio
import logging
import signal

from aiohttp import web

from bot.adapters.web.server import WebAdapter
from bot.jobs import ModelChoice
from bot.service import GenreService
from bot.workers import ModelUnusable, WorkerPool
from config import Settings

log = logging.getLogger(__name__)


class CannotRun(Exception):
    """The bot cannot start; the text is one line for the person at the terminal."""


async def run(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Raises `CannotRun` for a port in use or a model that cannot be loaded."""
    pool = WorkerPool(
        ModelChoice(settings.model_bundle, settings.model_runtime),
        workers=settings.workers,
        job_timeout_s=settings.job_timeout_s,
        jobs_per_worker=settings.jobs_per_worker,
        queue_limit=settings.queue_limit,
    )
    service = GenreService(settings, pool)
    runner = web.AppRunner(WebAdapter(settings, service).application(), access_log=None, shutdown_timeout=8.0)
    stop = _stop_signal()
    try:
        await _listen(runner, settings)
        pool.start()
        _say_platforms(settings)
        await _warm(pool, stop)
        await stop.wait()
        log.info("Stopping.")
    finally:
        await pool.close()
        await runner.cleanup()


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.web_host, settings.web_port).start()
    except OSError as error:
        where = f"{settings.web_host}:{settings.web_port}"
        raise CannotRun(f"WEB_HOST, WEB_PORT: cannot listen on {where}: {error.strerror}") from error
    log.info("The page is at http://%s:%d", settings.web_host, settings.web_port)


def _say_platforms(settings: Settings) -> None:
    if not settings.discord_token and not settings.telegram_token:
        log.info("No DISCORD_TOKEN and no TELEGRAM_TOKEN: only the web page is on.")
    else:
        log.warning("This version has no Discord and no Telegram adapter yet: only the web page is on.")


async def _warm(pool: WorkerPool, stop: asyncio.Event) -> None:
    log.info("The workers are warming up.")
    ready, stopped = asyncio.ensure_future(pool.until_ready()), asyncio.ensure_future(stop.wait())
    await asyncio.wait((ready, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not ready.done():
        ready.cancel()
        return
    try:
        log.info("Ready, with model %s.", ready.result())
    except ModelUnusable as error:
        raise CannotRun(str(error)) from error
