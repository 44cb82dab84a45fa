"""Several processes serve one bot: each its shards, in turn, and one answer where two of them hear the same."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from bot.connections import ConnectionStatus
from bot.storage.works import Works
from tests.bot.chats import Wired, another_process, discord_adapter, running
from tests.support.discord_server import DiscordServer, Request
from tests.support.processes import until


@pytest.fixture(autouse=True)
def _quick_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.discord.client._IDENTIFY_EVERY_S", 0.6)
    monkeypatch.setattr("bot.adapters.discord.client._TRIES_AGAIN_S", 0.05)


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


@contextlib.asynccontextmanager
async def two_processes(behind: Wired, server: DiscordServer, *shards: str) -> AsyncIterator[None]:
    """One here, one elsewhere, as soon as both are connected."""
    async with another_process(behind, "one") as one, another_process(behind, "other") as other:
        adapters = [
            discord_adapter(wired, server, discord_shards=part)
            for wired, part in zip((one, other), shards, strict=True)
        ]
        async with running(adapters[0]), running(adapters[1]):
            await until(lambda: {adapter.state.status for adapter in adapters} == {ConnectionStatus.CONNECTED})
            yield


def answers(server: DiscordServer) -> list[Request]:
    posted = [call for call in server.requests if call.method == "POST" and call.path.endswith("/messages")]
    return [call for call in posted if call.files]


async def test_each_hears_what_is_its_own(behind: Wired, server: DiscordServer, track_mp3: bytes) -> None:
    async with two_processes(behind, server, "0/2", "1/2"):
        assert sorted(shard for shard, _ in server.identified) == [0, 1]
        await server.post(attachments=[server.add_file(track_mp3)])
        await server.post(attachments=[server.add_file(track_mp3[:200_000])], channel="dm")
        await server.wait_for("POST", "/messages", number=2, with_files=True)
        await asyncio.sleep(0.5)
        assert {str(server.channel_id) in call.path for call in answers(server)} == {True, False}
        assert len(answers(server)) == 2


@pytest.mark.parametrize("at_once", [1, 2])
async def test_they_identify_in_turn(behind: Wired, server: DiscordServer, at_once: int) -> None:
    server.max_concurrency = at_once
    async with two_processes(behind, server, "0-1/4", "2-3/4"):
        pass
    assert sorted(shard for shard, _ in server.identified) == [0, 1, 2, 3]
    for bucket in range(at_once):
        times = [at_s for shard, at_s in server.identified if shard % at_once == bucket]
        assert all(later - earlier > 0.5 for earlier, later in itertools.pairwise(times)), server.identified


async def test_while_one_takes_the_others_place_nobody_is_answered_twice(
    behind: Wired, server: DiscordServer, track_mp3: bytes
) -> None:
    async with two_processes(behind, server, "0-1/2", "0-1/2"):
        for number in range(6):
            await server.post(attachments=[server.add_file(track_mp3[: 200_000 + number])])
        await server.wait_for("POST", "/messages", number=6, with_files=True)
        await asyncio.sleep(0.5)
        assert len(answers(server)) == 6


async def test_what_a_process_leaves_behind_another_takes_up(
    behind: Wired, server: DiscordServer, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord.adapter.TAKE_UP_EVERY_S", 0.2)
    async with another_process(behind, "other") as other, running(discord_adapter(other, server)):
        message = await server.post("no files here")
        message |= {"attachments": [server.add_file(track_mp3)]}
        ended = Works(other.storage.database, process="ended")
        await ended.begin("discord", {f"{message['id']}::1": message["channel_id"]})
        answer = await server.wait_for("POST", "/messages", with_files=True)
        assert answer.body["message_reference"]["message_id"] == int(message["id"])
        await asyncio.sleep(0.5)
        assert len(answers(server)) == 1


async def test_where_no_more_starts_are_allowed_the_token_is_not_put_at_risk(
    behind: Wired, server: DiscordServer
) -> None:
    server.starts_left = 1
    adapter = discord_adapter(behind, server, discord_shards="0-1/2")
    async with running(adapter):
        await until(lambda: adapter.state.status is ConnectionStatus.REFUSED)
        assert "no more starts are allowed for 5.0 hours" in adapter.state.reason
    assert server.identified == []
