"""A bot on Discord: the real library over real sockets to a server on this machine."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.chats import Wired, discord_adapter, running
from tests.support.discord_server import DiscordServer


@pytest.fixture
async def discord_server(behind: Wired) -> AsyncIterator[DiscordServer]:
    """A server to which the bot connects."""
    async with DiscordServer() as server, running(discord_adapter(behind, server)):
        yield server
