"""The page as it runs: a real server on a free port, a real worker."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from bot.adapters.web.server import WebAdapter
from bot.service import GenreService
from bot.workers import WorkerPool
from config import Settings
from tests.bot.conftest import PoolMaker


@dataclass(frozen=True)
class RunningPage:
    """A server's address, and the settings and pool behind it."""

    url: str
    settings: Settings
    pool: WorkerPool


async def serve(settings: Settings, pool: WorkerPool) -> tuple[web.AppRunner, str]:
    adapter = WebAdapter(settings, GenreService(settings, pool))
    runner = web.AppRunner(adapter.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    return runner, f"http://127.0.0.1:{port}"


@pytest.fixture
async def page(settings: Settings, make_pool: PoolMaker) -> AsyncIterator[RunningPage]:
    """A page whose worker may still be warming up; uploads are capped at 2 MB."""
    pool = make_pool()
    runner, url = await serve(settings, pool)
    yield RunningPage(url, settings, pool)
    await runner.cleanup()
