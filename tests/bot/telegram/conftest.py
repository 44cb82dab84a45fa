"""A bot on Telegram: the real library over real sockets to a Bot API server on this machine."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.chats import Wired, running, telegram_adapter
from tests.support.telegram_server import TelegramServer


@pytest.fixture
async def telegram(behind: Wired) -> AsyncIterator[TelegramServer]:
    """A server on which the bot is already listening."""
    async with TelegramServer() as server, running(telegram_adapter(behind, server)):
        yield server
