"""Telegram calls the bot: nothing is lost or answered twice, by several processes, and from one way to the other."""

import asyncio
import contextlib
import io
import json
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.adapters.telegram.adapter import TelegramAdapter
from bot.adapters.web.server import WebAdapter
from bot.connections import ConnectionStatus
from bot.service import GenreService
from bot.storage.works import Works
from tests.bot.chats import Wired, another_process, running, telegram_adapter
from tests.support.processes import until
from tests.support.telegram_server import TelegramServer

PUBLIC = "https://bot.example.org"


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.telegram.webhook._LOOK_EVERY_S", 0.2)
    monkeypatch.setattr("bot.adapters.telegram.adapter.TAKE_UP_EVERY_S", 0.2)


@contextlib.asynccontextmanager
async def called(behind: Wired, server: TelegramServer) -> AsyncIterator[tuple[TelegramAdapter, str]]:
    """A process that Telegram calls, and its own address behind the public one."""
    adapter = telegram_adapter(behind, server, telegram_webhook_url=PUBLIC)
    page = WebAdapter(behind.settings, GenreService(behind.settings, behind.pool))
    page.open_hooks([adapter])
    runner = web.AppRunner(page.application(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    own = f"http://127.0.0.1:{runner.addresses[0][1]}"
    server.backends.append(own)
    try:
        async with running(adapter):
            await until(lambda: adapter.state.status is ConnectionStatus.CONNECTED)
            yield adapter, own
    finally:
        await runner.cleanup()
        server.backends.remove(own)


@contextlib.asynccontextmanager
async def two_processes(behind: Wired) -> AsyncIterator[tuple[Wired, Wired]]:
    async with another_process(behind, "one") as one, another_process(behind, "other") as other:
        yield one, other


def answered(server: TelegramServer) -> Counter[int]:
    return Counter(call.params["chat_id"] for call in server.of("sendPhoto"))


async def test_a_file_is_answered_and_a_command_and_a_button(
    behind: Wired, server: TelegramServer, track_mp3: bytes
) -> None:
    async with called(behind, server):
        server.send(chat_id=7, audio=server.add_file(track_mp3))
        await server.wait_for("sendPhoto", chat_id=7)
        server.send(chat_id=8, text="/genres")
        assert "Techno" in (await server.wait_for("sendMessage", chat_id=8)).params["text"]
        server.press(server.sent(0), server.sent(0)["reply_markup"]["inline_keyboard"][-1][0]["callback_data"])
        await server.wait_for("answerCallbackQuery")
    assert server.refused_calls == []
    assert not server.of("deleteWebhook")  # another process may be there


async def test_who_is_not_telegram_is_turned_away(behind: Wired, server: TelegramServer) -> None:
    async with called(behind, server) as (adapter, own), aiohttp.ClientSession() as session:
        assert adapter.hook is not None
        path = f"{own}/telegram/{adapter.hook.name}"
        assert server.token.partition(":")[2] not in path
        update = {"update_id": 1, "message": {"chat": {"id": 7, "type": "private"}, "text": "/genres"}}
        secret = {"X-Telegram-Bot-Api-Secret-Token": adapter.hook._secret}
        for url, headers, body, status in (
            (path, {}, update, 401),
            (path, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}, update, 401),
            (f"{own}/telegram/{'0' * 32}", secret, update, 404),
            (path, secret, {"what": "ever"}, 200),  # Telegram would repeat for ever what nobody can read
            (path, secret, "x" * 2_000_000, 413),
        ):
            async with session.post(url, data=io.BytesIO(json.dumps(body).encode()), headers=headers) as response:
                assert response.status == status
        await asyncio.sleep(0.3)
        assert not server.of("sendMessage")


async def test_what_is_told_twice_is_answered_once(behind: Wired, server: TelegramServer, track_mp3: bytes) -> None:
    async with two_processes(behind) as (one, other), called(one, server), called(other, server):
        server.repeats = 5  # each of them hears of it
        for chat in range(100, 106):
            server.send(chat_id=chat, user_id=chat, audio=server.add_file(track_mp3[: 200_000 + chat]))
        await server.wait_for("sendPhoto", number=6)
        await asyncio.sleep(0.5)
        assert server.repeats == 0
        assert answered(server) == Counter(range(100, 106))


async def test_from_asking_to_being_called_and_back_nothing_is_lost(
    behind: Wired, server: TelegramServer, track_mp3: bytes
) -> None:
    chats = iter(range(100, 200))

    def send() -> None:
        chat = next(chats)
        server.send(chat_id=chat, user_id=chat, audio=server.add_file(track_mp3[: 100_000 + chat]))

    async with another_process(behind, "asks") as asks, another_process(behind, "is called") as is_called:
        async with running(telegram_adapter(asks, server)):
            send()
            await server.wait_for("sendPhoto", number=1)
            async with called(is_called, server):  # the one begins before the other ends
                send()
                send()
                await server.wait_for("sendPhoto", number=3)
        send()  # while nobody is there
        async with called(is_called, server):
            send()
            await server.wait_for("sendPhoto", number=5)
        send()
        async with running(telegram_adapter(asks, server)):
            send()
            await server.wait_for("sendPhoto", number=7)
            assert server.of("deleteWebhook")
    await asyncio.sleep(0.3)
    assert answered(server) == Counter(dict.fromkeys(range(100, 107), 1))


async def test_a_process_that_ends_leaves_its_calls_to_others(
    behind: Wired, server: TelegramServer, track_mp3: bytes
) -> None:
    async with two_processes(behind) as (one, other), called(other, server):
        async with called(one, server) as (adapter, _):
            assert adapter.hook is not None
            with adapter.hook.open_to(_never):
                pass  # from here on it takes nothing
            for chat in range(100, 104):
                server.send(chat_id=chat, audio=server.add_file(track_mp3[: 200_000 + chat]))
            await server.wait_for("sendPhoto", number=4)
        assert 503 in server.refused_calls
        assert answered(server) == Counter(range(100, 104))


async def test_what_a_killed_process_had_taken_another_answers(
    behind: Wired, server: TelegramServer, track_mp3: bytes
) -> None:
    async with another_process(behind, "other") as other, called(other, server):
        message = server.send(chat_id=7, audio=server.add_file(track_mp3))
        update = server._updates.pop()
        killed = Works(other.storage.database, process="killed")
        bot_id = server.bot["id"]
        await killed.begin("telegram", {f"{bot_id}:{update['update_id']}": json.dumps(update)})
        call = await server.wait_for("sendPhoto", chat_id=7)
        assert call.params["reply_parameters"]["message_id"] == message["message_id"]


async def test_that_telegram_cannot_call_is_told(
    behind: Wired, server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = telegram_adapter(behind, server, telegram_webhook_url=PUBLIC)
    server.backends.append("http://127.0.0.1:9")
    async with running(adapter):
        await until(lambda: adapter.state.status is ConnectionStatus.CONNECTED)
        server.send(chat_id=7, text="/genres")
        await until(lambda: adapter.state.status is ConnectionStatus.CONNECTING)
        assert "it cannot call us: Wrong response" in adapter.state.reason
        assert "TELEGRAM_WEBHOOK_URL" in caplog.text
        assert caplog.text.count("it cannot call us") == 1


async def test_an_address_that_telegram_does_not_take_is_one_line(behind: Wired, server: TelegramServer) -> None:
    adapter = telegram_adapter(behind, server, telegram_webhook_url="http://bot.example.org")
    async with running(adapter):
        await until(lambda: adapter.state.reason)
        assert "an https url must be provided" in adapter.state.reason


async def _never(update: dict[str, object]) -> None:
    raise AssertionError(update)
