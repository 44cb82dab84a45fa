"""Several processes on one database: nothing is answered twice, and nothing lost with one of them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest

from bot.storage import Storage
from bot.storage.works import Works


@pytest.fixture
async def storage(url: str) -> AsyncIterator[Storage]:
    storage = await Storage.open(url)
    yield storage
    await storage.close()


def process(storage: Storage, name: str, *, place: str = "") -> Works:
    works = Works(storage.database, process=name)
    works._place = place or works._place
    return works


async def test_whoever_comes_first_has_it_and_once_ended_nobody(storage: Storage) -> None:
    one, other = process(storage, "one"), process(storage, "other")
    assert set(await one.begin("telegram", {"1": "a", "2": "b"})) == {"1", "2"}
    assert set(await other.begin("telegram", {"2": "b", "3": "c"})) == {"3"}
    assert set(await one.begin("telegram", {"1": "a again"})) == {"1"}  # it is still at it
    assert set(await other.begin("discord", {"1": "x"})) == {"1"}
    await one.end("telegram", "1")
    assert not await one.begin("telegram", {"1": "a"})
    assert not await other.begin("telegram", {"1": "a"})


async def test_two_at_the_same_moment_share_without_overlap(storage: Storage) -> None:
    workers = [process(storage, f"{n}") for n in range(4)]
    works = {f"{n}": "x" for n in range(20)}
    taken = await asyncio.gather(*(worker.begin("telegram", works) for worker in workers))
    assert sorted(name for names in taken for name in names) == sorted(works)
    left = await asyncio.gather(*(process(storage, f"new {n}").left_over("telegram") for n in range(4)))
    assert sorted(name for found in left for name, _ in found) == sorted(works)


async def test_what_is_left_over_is_taken_up_a_few_times(storage: Storage) -> None:
    works = process(storage, "one")
    await works.begin("telegram", {"1": "one", "2": "two"}, state=("position", "3"))
    await works.begin("discord", {"1": "other"})
    await works.begin("telegram", {"1": "one again"})
    await works.end("telegram", "2")
    assert await storage.bot_state("position") == "3"
    assert await works.left_over("telegram") == []
    for _ in range(3):
        assert await works.left_over("telegram", own=True) == [("1", "one again")]
    assert await works.left_over("telegram", own=True) == []
    assert await works.left_over("discord", own=True) == [("1", "other")]


async def test_of_a_process_that_lives_nothing_is_taken_and_of_one_that_left_all(storage: Storage) -> None:
    elsewhere, here = process(storage, "elsewhere", place="another machine"), process(storage, "here")
    await elsewhere.beat()
    await here.beat()
    await elsewhere.begin("telegram", {"1": "a"})
    assert await here.left_over("telegram") == []
    await elsewhere.leave()
    assert await here.left_over("telegram") == [("1", "a")]
    assert await elsewhere.left_over("telegram") == []  # it belongs to the other now


async def test_one_that_was_killed_at_this_place_is_known_at_once(storage: Storage) -> None:
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    killed, here = process(storage, "killed"), process(storage, "here")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "getpid", lambda: ended.pid)
        await killed.beat()
    await killed.begin("telegram", {"1": "a"})
    assert await here.left_over("telegram") == [("1", "a")]


async def test_one_that_has_this_ones_number_was_here_before_it(storage: Storage) -> None:
    before, after = process(storage, "before"), process(storage, "after")
    await before.beat()
    await before.begin("telegram", {"1": "a"})
    assert await after.left_over("telegram") == [("1", "a")]


async def test_one_that_falls_silent_elsewhere_is_given_up(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.storage.works._LIVES_S", 0.4)
    silent, here = process(storage, "silent", place="another machine"), process(storage, "here")
    await silent.beat()
    await silent.begin("telegram", {"1": "a"})
    await asyncio.sleep(0.5)
    await here.beat()
    assert await here.left_over("telegram") == []  # perhaps nobody could reach the database
    for _ in range(4):
        await asyncio.sleep(0.15)
        await here.beat()
    assert await here.left_over("telegram") == [("1", "a")]


async def test_after_a_silence_of_its_own_a_process_judges_nobody(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.works._LIVES_S", 0.4)
    other, here = process(storage, "other", place="another machine"), process(storage, "here")
    for _ in range(5):
        await here.beat()
        await asyncio.sleep(0.15)
    await other.beat()
    await other.begin("telegram", {"1": "a"})
    await asyncio.sleep(0.6)  # for both of them
    await here.beat()
    assert await here.left_over("telegram") == []


async def test_names_are_forgotten_after_a_day(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    works = process(storage, "one")
    await works.begin("telegram", {"1": "a", "2": "b"})
    await works.end("telegram", "1")
    await works.beat()
    assert not await works.begin("telegram", {"1": "a"})
    monkeypatch.setattr("bot.storage.works._KNOWN_S", -1.0)
    await works.beat()
    monkeypatch.undo()
    assert set(await works.begin("telegram", {"1": "a"})) == {"1"}
    assert await works.left_over("telegram", own=True) == [("1", "a"), ("2", "b")]  # what is open stays


async def test_what_has_been_answered_keeps_no_words(storage: Storage) -> None:
    works = process(storage, "one")
    await works.begin("telegram", {"1": "what somebody wrote"})
    await works.end("telegram", "1")
    async with storage.database.engine.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM begun")).all()
    assert len(rows) == 1
    assert "somebody" not in str(rows)
