"""A bot on Discord: the real library over real sockets to a server on this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config import Settings
from tests.bot.chats import Wired, discord_adapter, running, wired
from tests.bot.conftest import PoolMaker
from tests.support.discord_server import DiscordServer


@pytest.fixture
async def behind(settings: Settings, make_pool: PoolMaker, tmp_path: Path) -> AsyncIterator[Wired]:
    behind = await wired(settings, make_pool(), tmp_path)
    await behind.pool.until_ready()
    yield behind
    await behind.storage.close()


@pytest.fixture
async def discord_server(behind: Wired) -> AsyncIterator[DiscordServer]:
    """A server to which the bot connects."""
    async with DiscordServer() as server, running(discord_adapter(behind, server)):
        yield server
