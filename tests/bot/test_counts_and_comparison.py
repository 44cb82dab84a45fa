"""The genres of a chat's week, where it wants them counted, and how alike two files are: as people read it."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image

from bot.failures import Failure, FailureKind
from bot.storage.schema import counts
from bot.texts import texts_in
from config import Settings
from tests.bot.chats import (
    GROUP,
    PERSON,
    Chat,
    DiscordChat,
    TelegramChat,
    Wired,
    discord_adapter,
    plain,
    running,
    telegram_adapter,
    wired,
)
from tests.bot.conftest import WarmPool
from tests.support.audio import mp3, pad_track
from tests.support.discord_server import DiscordServer
from tests.support.telegram_server import TelegramServer
from training.data.loops import dance_loop


@pytest.fixture
async def behind(settings: Settings, warm_pool: WarmPool, tmp_path: Path) -> AsyncIterator[Wired]:
    behind = await wired(settings, await warm_pool(), tmp_path)
    await behind.pool.until_ready()
    yield behind
    await behind.storage.close()


async def rows(behind: Wired) -> list[object]:
    async with behind.storage.database.engine.connect() as connection:
        return list(await connection.execute(sa.select(counts)))


async def a_week(chat: Chat, behind: Wired, track: bytes) -> None:
    """Nothing is counted unasked; then it is; and switched off it is forgotten."""
    texts = texts_in("en")
    await chat.command("/mode quiet", manager=True)  # however long it takes here, there are no words before an answer
    assert texts("stats-off") in await chat.command("/stats")
    await chat.post(track)
    assert await rows(behind) == []
    assert "Only those who manage" in await chat.command("/stats on")
    assert await chat.command("/stats on", manager=True) == texts("stats-on")
    assert await chat.command("/stats") == texts("stats-none")
    await chat.post(track)
    await chat.post(b"no music")
    await chat.post(track)  # the same again is another file that was asked about
    await chat.press()  # another part of it is not
    told = await chat.command("/stats")
    assert texts("stats-heading", files="2 files") in told
    (row,) = await rows(behind)
    assert (row.files, row.day) == (2, datetime.now(UTC).date())  # type: ignore[attr-defined]
    assert str(GROUP) not in row.conversation  # type: ignore[attr-defined]
    assert await chat.command("/stats off", manager=True) == texts("stats-off")
    assert await rows(behind) == []


async def test_a_week_on_telegram(behind: Wired, track_mp3: bytes) -> None:
    async with TelegramServer() as telegram, running(telegram_adapter(behind, telegram)):
        await a_week(TelegramChat(telegram, "en"), behind, track_mp3)
        picture = telegram.of("sendPhoto")[-1].files["photo"].content
    assert Image.open(io.BytesIO(picture)).size == (960, 540)


async def test_a_week_on_discord(behind: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as discord, running(discord_adapter(behind, discord)):
        await a_week(DiscordChat(discord, "en"), behind, track_mp3)
        told = [request for request in discord.requests if "/webhooks/" in request.path and request.files]
    assert Image.open(io.BytesIO(told[-1].files[0].content)).size == (960, 540)
    assert "Bars of the genres" in str(told[-1].files[0].description)


async def compared(discord: DiscordServer, first: bytes, second: bytes, *, number: int = 1) -> str:
    """What Discord's `/compare` says of one.mp3 and two.mp3, without words before it."""
    await DiscordChat(discord, "en").command("/mode quiet", manager=True)
    files = {"first": discord.add_file(first, "one.mp3"), "second": discord.add_file(second, "two.mp3")}
    options = [{"name": name, "type": 11, "value": file["id"]} for name, file in files.items()]
    await discord.slash("compare", options, {"attachments": {file["id"]: file for file in files.values()}})
    return plain((await discord.wait_for("PATCH", "@original", number=number)).body)


async def test_two_files_are_compared_on_discord(behind: Wired) -> None:
    loop = dance_loop(27, seconds=40.0).samples
    halves = (mp3(half, rate_hz=22_050) for half in (loop[: 20 * 22_050], loop[20 * 22_050 :]))
    first, again, other = *halves, mp3(pad_track(20.0, rate_hz=22_050), rate_hz=22_050)
    async with DiscordServer() as discord, running(discord_adapter(behind, discord)):
        said = [await compared(discord, first, again), await compared(discord, first, other, number=2)]
    assert "Very much alike: “one.mp3” and “two.mp3”." in said[0]
    assert "Very much alike" not in said[1]
    assert all("of all pairs of tracks" in words for words in said)


async def test_two_files_are_compared_on_telegram(behind: Wired, track_mp3: bytes) -> None:
    async with TelegramServer() as telegram, running(telegram_adapter(behind, telegram)):
        sounds = [telegram.add_file(track_mp3, name=name) for name in ("one.mp3", "two.mp3")]
        first = telegram.send(chat_id=PERSON, audio=sounds[0], file_name="one.mp3")
        telegram.send(chat_id=PERSON, audio=sounds[1], file_name="two.mp3", caption="/compare", reply_to=first)
        async with asyncio.timeout(20):
            while not (found := [c for c in telegram.of("sendMessage") if "alike" in c.params["text"]]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert "Very much alike" in found[0].params["text"]
        assert "closer to each other than 100%" not in found[0].params["text"]
        number = len(telegram.of("sendMessage"))
        telegram.send(chat_id=PERSON, text="/compare")
        alone = await telegram.wait_for("sendMessage", number=number + 1)
        assert "That takes two audio files." in alone.params["text"]
        telegram.send(chat_id=PERSON, audio=telegram.add_file(track_mp3), caption="/compare")
        alone = await telegram.wait_for("sendMessage", number=number + 2)
        assert "Reply to one audio file with another" in alone.params["text"]


async def test_a_file_that_cannot_be_compared_is_named(behind: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as discord, running(discord_adapter(behind, discord)):
        assert "two.mp3: This is not audio" in await compared(discord, track_mp3, b"no")


async def test_a_database_that_is_away_costs_the_count_and_no_answer(
    behind: Wired, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with TelegramServer() as telegram, running(telegram_adapter(behind, telegram)):
        chat = TelegramChat(telegram, "en")
        await chat.command("/mode quiet", manager=True)
        await chat.command("/stats on", manager=True)

        async def away(*_: object) -> str:
            raise Failure(FailureKind.STORAGE, "gone")

        monkeypatch.setattr(type(behind.storage), "_salt", away)
        assert "track.mp3" in await chat.post(track_mp3)
