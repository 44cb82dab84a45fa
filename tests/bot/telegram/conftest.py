"""A bot on Telegram: the real library over real sockets to a Bot API server on this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config import Settings
from tests.bot.chats import Wired, running, telegram_adapter, wired
from tests.bot.conftest import PoolMaker
from tests.support.telegram_server import TelegramServer


@pytest.fixture
async def behind(settings: Settings, make_pool: PoolMaker, tmp_path: Path) -> AsyncIterator[Wired]:
    behind = await wired(settings, make_pool(), tmp_path)
    await behind.pool.until_ready()
    yield behind
    await behind.storage.close()


@pytest.fixture
async def telegram(behind: Wired) -> AsyncIterator[TelegramServer]:
    """A server on which the bot is already listening."""
    async with TelegramServer() as server, running(telegram_adapter(behind, server)):
        yield server
