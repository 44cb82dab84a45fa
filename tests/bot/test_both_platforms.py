"""`python -m bot` with both tokens: two platforms and the page in one process, and nothing secret in its log."""

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.bot.chats import plain
from tests.support.bot_process import discord_settings, free_port, started, telegram_settings
from tests.support.discord_server import DiscordServer
from tests.support.processes import freeze, workers_of
from tests.support.telegram_server import TelegramServer


async def test_both_answer_and_the_log_tells_no_token(tmp_path: Path, track_mp3: bytes) -> None:
    async with DiscordServer() as discord, TelegramServer() as telegram:
        environment = {**discord_settings(discord), **telegram_settings(telegram), "MODEL": "default"}
        async with started(tmp_path, **environment) as bot:
            await bot.until_logged("Ready, with model")
            await discord.post(attachments=[discord.add_file(track_mp3)])
            telegram.send(chat_id=7, audio=telegram.add_file(track_mp3))
            await asyncio.gather(discord.wait_for("POST", "/messages"), telegram.wait_for("sendPhoto"))
            async with aiohttp.ClientSession() as browser, browser.get(f"http://127.0.0.1:{bot.port}/") as page:
                assert page.status == 200
            telegram.fail("sendPhoto", status=500, description=f"Internal error with {telegram.token}")
            telegram.send(chat_id=7, audio=telegram.add_file(track_mp3[:-500]))
            await telegram.wait_for("sendPhoto", number=2)
            assert await bot.stop() == 0
        for token in (discord.token, telegram.token, telegram.token.replace(":", "%3A")):
            assert token not in bot.log
        assert "Stopping." in bot.log
        assert "never retrieved" not in bot.log


@pytest.mark.slow
async def test_one_platforms_trouble_is_not_the_others(tmp_path: Path, track_mp3: bytes) -> None:
    async with DiscordServer() as discord, TelegramServer() as telegram:
        environment = {**discord_settings(discord), **telegram_settings(telegram), "DISCORD_TOKEN": "wrong"}
        async with started(tmp_path, **environment) as bot:
            await bot.until_logged("DISCORD_TOKEN is refused")
            telegram.send(chat_id=7, audio=telegram.add_file(track_mp3))
            await telegram.wait_for("sendPhoto", timeout_s=30)
            assert await bot.stop() == 0
        unreachable = f"http://127.0.0.1:{free_port()}"
        environment |= {"DISCORD_TOKEN": discord.token, "TELEGRAM_BASE_URL": f"{unreachable}/bot"}
        async with started(tmp_path, **environment) as bot:
            await bot.until_logged("Telegram: cannot be reached")
            await discord.post(attachments=[discord.add_file(track_mp3)])
            await discord.wait_for("POST", "/messages", timeout_s=30)
            assert await bot.stop() == 0
        environment |= {"DISCORD_API_BASE": f"{unreachable}/api/v10", "TELEGRAM_BASE_URL": telegram.base_url}
        async with started(tmp_path, **environment) as bot:
            await bot.until_logged("Discord: cannot be reached")
            telegram.send(chat_id=7, audio=telegram.add_file(track_mp3))
            await telegram.wait_for("sendPhoto", number=2, timeout_s=30)
            assert await bot.stop() == 0


async def test_a_stop_in_the_middle_of_work_is_quick_and_says_so(tmp_path: Path, track_mp3: bytes) -> None:
    async with TelegramServer() as telegram:
        async with started(tmp_path, **telegram_settings(telegram)) as bot:
            await bot.until_logged("Ready, with model")
            stalled = telegram.add_file(track_mp3)
            telegram.stall(stalled)
            telegram.send(chat_id=7, audio=stalled)
            await telegram.wait_for("getFile")
            assert await bot.stop() == 0
        assert "The bot is being restarted." in telegram.sent()["text"]


@pytest.mark.slow
async def test_a_stop_with_a_stuck_worker_still_tells_everybody(tmp_path: Path, track_mp3: bytes) -> None:
    async with DiscordServer() as discord, TelegramServer() as telegram:
        environment = {**discord_settings(discord), **telegram_settings(telegram)}
        async with started(tmp_path, **environment) as bot:
            await bot.until_logged("Ready, with model")
            for pid in workers_of(bot.process.pid):
                freeze(pid)
            await discord.post(attachments=[discord.add_file(track_mp3)])
            telegram.send(chat_id=7, audio=telegram.add_file(track_mp3[:-1]))
            await discord.wait_for("POST", "/messages")  # where it stands, after a moment
            await telegram.wait_for("sendMessage")
            assert await bot.stop() == 0
        assert "The bot is being restarted." in telegram.sent()["text"]
        assert any("The bot is being restarted." in str(message["content"]) for message in discord.messages.values())
        assert not any(str(message["content"]) == "Listening…" for message in discord.messages.values())


async def test_twelve_files_in_work_are_all_told_of_a_stop(tmp_path: Path, track_mp3: bytes) -> None:
    """In one chat and in twelve, with downloads that hang and a worker that is stuck."""
    async with DiscordServer() as discord, TelegramServer() as telegram:
        environment = {**discord_settings(discord), **telegram_settings(telegram), "USER_BURST": "30"}
        async with started(tmp_path, **environment) as bot:
            await bot.until_logged("Ready, with model")
            for pid in workers_of(bot.process.pid):
                freeze(pid)
            for n in range(12):
                hanging = telegram.add_file(track_mp3[: 200_000 + n])
                if n % 2:
                    telegram.stall(hanging)
                telegram.send(chat_id=7, audio=hanging)
                telegram.send(chat_id=100 + n, user_id=100 + n, audio=telegram.add_file(track_mp3[: 190_000 + n]))
                await discord.post(attachments=[discord.add_file(track_mp3[: 180_000 + n], f"{n}.mp3")])
            await telegram.wait_for("getFile", number=13)
            assert await bot.stop() == 0
        told = [call.params["chat_id"] for call in telegram.of("sendMessage") if "restarted" in call.params["text"]]
        assert sorted(told) == [7] * 12 + [100 + n for n in range(12)]
        texts = [str(message["content"]) for message in discord.messages.values()]
        assert sum("The bot is being restarted." in text for text in texts) == 12
        assert "Traceback" not in bot.log
        assert "still running" not in bot.log


@pytest.mark.slow
async def test_what_was_begun_before_a_kill_is_answered_after_it_and_nothing_twice(
    tmp_path: Path, track_mp3: bytes
) -> None:
    async with DiscordServer() as discord, TelegramServer() as telegram:
        environment = {**discord_settings(discord), **telegram_settings(telegram)}
        async with started(tmp_path, **environment) as bot:
            await bot.until_logged("Ready, with model")
            telegram.send(chat_id=7, audio=telegram.add_file(track_mp3))
            await discord.post(attachments=[discord.add_file(track_mp3)])
            await asyncio.gather(telegram.wait_for("sendPhoto"), discord.wait_for("POST", "/messages", with_files=True))
            for pid in workers_of(bot.process.pid):
                freeze(pid)
            for n in range(3):
                telegram.send(chat_id=8 + n, user_id=8 + n, audio=telegram.add_file(track_mp3[: 200_000 + n]))
            await discord.post(attachments=[discord.add_file(track_mp3[:190_000], "later.mp3")])
            await telegram.wait_for("getFile", number=4)
            await asyncio.sleep(0.5)
            os.killpg(bot.process.pid, signal.SIGKILL)
            await bot.process.wait()
        telegram.send(chat_id=11, user_id=11, text="/genres")  # while nobody listens
        async with started(tmp_path, **environment) as bot:
            await asyncio.gather(
                telegram.wait_for("sendPhoto", number=4, timeout_s=30),
                telegram.wait_for("sendMessage", chat_id=11, timeout_s=30),
                discord.wait_for("POST", "/messages", with_files=True, number=2, timeout_s=30),
            )
            await asyncio.sleep(1.0)
            assert await bot.stop() == 0
        assert sorted(call.params["chat_id"] for call in telegram.of("sendPhoto")) == [7, 8, 9, 10]
        answered = [message for message in discord.messages.values() if message["components"]]
        assert ["later.mp3" in plain(message) for message in answered] == [False, True]
        async with started(tmp_path, **environment) as bot:
            await bot.until_logged("Ready, with model")
            await asyncio.sleep(1.0)
            assert await bot.stop() == 0
        assert len(telegram.of("sendPhoto")) == 4
        assert "taken up again" not in bot.log


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite:////nowhere/at/all.sqlite3"])
async def test_an_unusable_database_is_one_clear_line(tmp_path: Path, url: str) -> None:
    async with started(tmp_path, TELEGRAM_TOKEN="1:x", DATABASE_URL=url, LOG_LEVEL="INFO") as bot:
        async with asyncio.timeout(30):
            assert await bot.process.wait() == 1
    assert bot.lines[-1].startswith("DATABASE_URL: ")
    assert "Traceback" not in bot.log
