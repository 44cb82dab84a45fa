"""The page as it runs: a real server on a free port, a real worker, a database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from bot.adapters.web.server import WebAdapter
from bot.executors.processes import ProcessExecutor
from bot.service import GenreService
from bot.storage import Storage
from config import Settings
from tests.bot.conftest import WarmPool
from tests.support.databases import fresh_database


@dataclass(frozen=True)
class RunningPage:
    """A server's address, and what stands behind it."""

    url: str
    settings: Settings
    pool: ProcessExecutor
    storage: Storage


async def serve(settings: Settings, pool: ProcessExecutor, storage: Storage | None) -> tuple[web.AppRunner, str]:
    """Serve a page; without a storage it asks for no feedback."""
    adapter = WebAdapter(settings, GenreService(settings, pool))
    if storage:
        adapter.ask_for_feedback(storage)
    runner = web.AppRunner(adapter.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    return runner, f"http://127.0.0.1:{port}"


@pytest.fixture
async def page(settings: Settings, warm_pool: WarmPool, tmp_path: Path) -> AsyncIterator[RunningPage]:
    """A page with a warm worker; uploads are capped at 2 MB."""
    pool = await warm_pool()
    storage = await Storage.open(fresh_database(tmp_path))
    runner, url = await serve(settings, pool, storage)
    yield RunningPage(url, settings, pool, storage)
    await runner.cleanup()
    await storage.close()
