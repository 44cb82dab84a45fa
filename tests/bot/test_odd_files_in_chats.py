"""Odd files in both chats: heard at the second that was asked for, refused for the true reason."""

import asyncio

import pytest

from bot.failures import failure_of
from bot.texts import texts_in
from config import Settings
from tests.bot.chats import Wired, discord_adapter, plain, running, telegram_adapter
from tests.support.discord_server import DiscordServer
from tests.support.odd_files import HEARD, REFUSED, content_of
from tests.support.telegram_server import LARGEST_DOWNLOAD, TelegramServer

TEXTS = texts_in("en")
REASONS = {name: TEXTS(f"failure-{failure_of(kind, '').kind}") for name, (_, kind) in REFUSED.items()}


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, workers=1, max_upload_mb=40.0, user_burst=100, chat_burst=100, queue_limit=100)


@pytest.mark.slow
async def test_on_telegram(behind: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file in a chat of its own, of which Telegram lets one have few messages at a time."""
    monkeypatch.setattr("bot.progress.FIRST_WORD_AFTER_S", 100.0)
    async with TelegramServer() as server, running(telegram_adapter(behind, server)):
        for chat, name in enumerate(HEARD, 1000):
            file = server.add_file(content_of(name))
            server.send(chat_id=chat, user_id=chat, document=file, file_name="song.mp3", caption="/genre 2")
        refused = {name: make() for name, (make, _) in REFUSED.items()}
        refused = {name: content for name, content in refused.items() if len(content) < LARGEST_DOWNLOAD}
        for chat, content in enumerate(refused.values(), 2000):
            server.send(chat_id=chat, user_id=chat, document=server.add_file(content), file_name="song.mp3")
        async with asyncio.timeout(120):
            for chat, name in enumerate(HEARD, 1000):
                answer = await server.wait_for("sendPhoto", chat_id=chat, timeout_s=60)
                assert "seconds 2 to 5" in answer.params["caption"], name
            for chat, name in enumerate(refused, 2000):
                refusal = await server.wait_for("sendMessage", chat_id=chat, timeout_s=60)
                assert REASONS[name] in refusal.params["text"], name


async def test_on_discord(behind: Wired) -> None:
    """Ten files a message."""
    names = list(REFUSED)
    async with DiscordServer() as server, running(discord_adapter(behind, server)):
        for number, first in enumerate(range(0, len(names), 10), 1):
            some = names[first : first + 10]
            await server.post(attachments=[server.add_file(REFUSED[name][0](), "song.mp3") for name in some])
            answer = await server.wait_for("POST", "/messages", number=number, timeout_s=60)
            cards = [plain({"content": card["description"]}) for card in answer.body["embeds"]]
            assert [REASONS[name] in card for name, card in zip(some, cards, strict=True)] == [True] * len(some)
