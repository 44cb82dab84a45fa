"""Health tells what is so now: each thing that can break is broken, and seen, and seen to work again."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.adapters import operator_chat
from bot.connections import ConnectionState
from bot.health import Health
from bot.service import GenreService
from tests.bot.chats import Wired
from tests.support.bot_process import Process, discord_settings, started, telegram_settings
from tests.support.discord_server import DiscordServer
from tests.support.processes import freeze, parent_of, workers_of
from tests.support.telegram_server import TelegramServer

Told = tuple[int, dict[str, Any]]
SEEN_WITHIN_S = 15.0


async def health_of(bot: Process) -> Told:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{bot.port}/healthz") as response:
        return response.status, await response.json()


async def until(bot: Process, is_so: Callable[[Told], bool]) -> Told:
    deadline = time.monotonic() + SEEN_WITHIN_S
    while True:
        try:
            told = await health_of(bot)
        except aiohttp.ClientConnectorError:  # it has just been started
            told = 0, {"failing": []}
        if is_so(told):
            return told
        assert time.monotonic() < deadline, told
        await asyncio.sleep(0.1)


def is_fine(told: Told) -> bool:
    return told[0] == 200 and told[1]["failing"] == []


def fails(part: str) -> Callable[[Told], bool]:
    return lambda told: told[0] == 503 and part in told[1]["failing"]


@pytest.mark.slow
async def test_each_truth_is_told(tmp_path: Path, track_mp3: bytes) -> None:
    async with DiscordServer() as discord, TelegramServer() as telegram:
        environment = {**discord_settings(discord), **telegram_settings(telegram)}
        async with started(tmp_path, **environment) as bot:
            told = (await until(bot, is_fine))[1]
            assert told["discord"]["status"] == told["telegram"]["status"] == told["database"]["status"] == "connected"
            assert told["workers"]["states"] == ["ready"]

            (worker,) = workers_of(bot.process.pid)
            freeze(worker)
            assert (await until(bot, fails("workers")))[1]["workers"]["states"] == ["stopped"]
            os.kill(worker, signal.SIGCONT)
            await until(bot, is_fine)

            os.kill(parent_of(worker), signal.SIGKILL)
            told = (await until(bot, lambda told: told[1]["workers"]["restarts"] > 0 and is_fine(told)))[1]

            discord.gateway_refusals = 3
            await discord.drop()
            assert "gateway" in (await until(bot, fails("discord")))[1]["discord"]["reason"]
            discord.gateway_refusals = 0
            await until(bot, is_fine)

            telegram.fail("getUpdates", status=502, description="Bad Gateway", times=2)
            assert "Bad Gateway" in (await until(bot, fails("telegram")))[1]["telegram"]["reason"]
            await until(bot, is_fine)

            telegram.send(chat_id=7, audio=telegram.add_file(track_mp3))
            telegram.send(chat_id=7, audio=telegram.add_file(b"no music"))
            await asyncio.gather(telegram.wait_for("sendPhoto"), telegram.wait_for("sendMessage"))
            async with aiohttp.ClientSession() as http:
                async with http.get(f"http://127.0.0.1:{bot.port}/metrics") as response:
                    figures = await response.text()
                async with http.get(
                    f"http://127.0.0.1:{bot.port}/metrics", headers={"X-Forwarded-For": "1.2.3.4"}
                ) as r:
                    assert r.status == 403
            assert 'genre_bot_answers_total{of="window",platform="telegram"} 1.0' in figures
            assert 'genre_bot_failures_total{kind="not-audio",platform="telegram"} 1.0' in figures
            assert "genre_bot_workers_restarted 1.0" in figures
            assert await bot.stop() == 0


async def test_a_refused_token_is_told_with_its_reason(tmp_path: Path) -> None:
    async with DiscordServer() as discord, TelegramServer() as telegram:
        environment = {**discord_settings(discord), **telegram_settings(telegram), "DISCORD_TOKEN": "wrong"}
        environment |= {"TELEGRAM_TOKEN": "1:wrong"}
        async with started(tmp_path, **environment) as bot:
            told = (await until(bot, lambda told: told[1]["failing"] == ["discord", "telegram"]))[1]
            assert (told["discord"]["status"], told["telegram"]["status"]) == ("refused", "refused")
            assert "DISCORD_TOKEN is refused" in told["discord"]["reason"]
            assert "TELEGRAM_TOKEN is refused" in told["telegram"]["reason"]
            assert abs(told["discord"]["since"] - time.time()) < 60
            assert await bot.stop() == 0


async def test_workers_know_no_token(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, started(tmp_path, **telegram_settings(telegram)) as bot:
        await until(bot, is_fine)
        for pid in workers_of(bot.process.pid):
            assert telegram.token not in Path(f"/proc/{pid}/environ").read_text()  # noqa: ASYNC240
            assert "NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text()  # noqa: ASYNC240
        assert await bot.stop() == 0


async def test_log_lines_as_objects(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        async with started(tmp_path, **telegram_settings(telegram), LOG_FORMAT="json", LOG_LEVEL="INFO") as bot:
            await bot.until_logged("Ready, with model")
            assert await bot.stop() == 0
        lines = [json.loads(line) for line in bot.lines]
        assert {"time", "level", "logger", "message"} == set(lines[0])
        assert "Stopping." in [line["message"] for line in lines]


class Chat:
    """An adapter that writes down what it is to say; the first time it cannot."""

    name = "Telegram"
    state = ConnectionState()

    def __init__(self) -> None:
        self.tries = 0
        self.said: list[tuple[str, str]] = []

    async def tell(self, chat: str, words: str) -> None:
        self.tries += 1
        if self.tries == 1:
            raise ConnectionError
        self.said.append((chat, words))

    async def run(self, stop: asyncio.Event) -> None: ...

    async def problem(self) -> str | None: ...


async def test_the_operator_hears_of_trouble_and_of_its_end(behind: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_chat, "_LOOK_EVERY_S", 0.02)
    health, chat = Health(GenreService(behind.settings, behind.pool)), Chat()
    state = ConnectionState()
    state.connected()
    health.connections["discord"] = state
    telling = asyncio.create_task(operator_chat.tell_operator("telegram:-12", health, [chat]))
    await asyncio.sleep(0.3)
    assert chat.tries == 0
    state.refused("the token is refused")
    await _until_said(chat, 1)
    assert chat.said[0] == ("-12", "⚠️ discord: the token is refused")
    state.connected()
    await _until_said(chat, 2)
    assert chat.said[1] == ("-12", "✅ Everything works again.")
    telling.cancel()


async def _until_said(chat: Chat, count: int) -> None:
    async with asyncio.timeout(5):
        while len(chat.said) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("token", [True, False])
async def test_check_tries_everything_once(tmp_path: Path, token: bool) -> None:
    async with TelegramServer() as telegram:
        environment = {**os.environ, **telegram_settings(telegram), "DATABASE_URL": f"sqlite:///{tmp_path}/b.sqlite3"}
        environment |= {} if token else {"TELEGRAM_TOKEN": "1:wrong"}
        nowhere, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "bot", "--check")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=nowhere)
        async with asyncio.timeout(40):
            said, _ = await process.communicate()
        assert process.returncode == (0 if token else 1)
        lines = said.decode().splitlines()
        assert [line.partition(":")[0] for line in lines] == ["settings", "model", "database", "Telegram"]
        assert ("is taken" in lines[3]) is token
        assert telegram.of("getUpdates") == []
