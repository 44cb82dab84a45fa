"""Which updates have been taken: over connections, starts, and a silence after which Telegram numbers anew."""

import asyncio
from pathlib import Path

import pytest

from bot.adapters.telegram.journal import _LASTS_S, Journal, Position
from bot.storage import Storage
from bot.storage.works import Works
from tests.support.databases import fresh_database

Update = dict[str, object]


def question(number: int, text: str = "/genres", kind: str = "private") -> Update:
    return {"update_id": number, "message": {"chat": {"id": 7, "type": kind}, "text": text}}


@pytest.fixture
async def storage(tmp_path: Path) -> Storage:
    return await Storage.open(fresh_database(tmp_path))


async def test_what_has_been_taken_is_not_taken_again(storage: Storage) -> None:
    journal = Journal(storage, 1, Position())
    assert await journal.fresh([question(5), question(6)]) == [question(5), question(6)]
    assert await journal.fresh([question(6), question(7)]) == [question(7)]
    assert journal.offset == 8
    await journal.end(5)
    await journal.end(7)
    after_a_kill = Journal(storage, 1, Position())
    assert await after_a_kill.resume() == [question(6)]
    assert after_a_kill.offset == 8
    await storage.close()


async def test_talk_in_a_group_is_not_kept(storage: Storage) -> None:
    talk = question(1, "good morning", "supergroup")
    file = question(2, "", "supergroup")
    file["message"] |= {"audio": {"file_id": "x"}}  # type: ignore[operator]
    await Journal(storage, 1, Position()).fresh([talk, file])
    assert await Journal(storage, 1, Position()).resume() == [file]
    await storage.close()


async def test_another_bot_has_a_position_of_its_own(storage: Storage) -> None:
    await Journal(storage, 1, Position()).fresh([question(5)])
    other = Journal(storage, 2, Position())
    assert await other.resume() == []
    assert other.offset == 0
    await storage.close()


async def test_after_a_long_silence_any_number_is_new(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    position = Position()
    journal = Journal(storage, 1, position)
    await journal.fresh([question(900)])
    position.moved_s -= _LASTS_S + 1
    assert journal.offset == 0
    assert await journal.fresh([question(12)]) == [question(12)]
    assert journal.offset == 13
    monkeypatch.setattr("time.time", lambda: 4e9)
    late = Journal(storage, 1, Position())
    await late.resume()
    assert late.offset == 0
    await storage.close()


async def test_what_is_delivered_twice_is_taken_once_and_again_after_a_broken_call(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(storage, 1, Position())
    talk = question(3, "good morning", "supergroup")
    for update in (question(5), question(4), talk):  # in any order
        assert await journal.delivered(update) == [update]
        assert await journal.delivered(update) == []
    with monkeypatch.context() as patched:
        patched.setattr(Works, "begin", _broken_off)
        with pytest.raises(asyncio.CancelledError):
            await journal.delivered(question(6))
    assert await journal.delivered(question(6)) == [question(6)]
    other = Journal(storage, 1, Position())
    assert await other.delivered(talk) == [talk]  # nothing is kept of it, and nothing answered
    await storage.close()


async def test_what_was_taken_while_telegram_was_asked_is_not_taken_again(storage: Storage) -> None:
    asking = Journal(storage, 1, Position())
    talk = question(8, "good morning", "supergroup")
    await asking.fresh([question(7), talk])
    called = Journal(storage, 1, Position())
    await called.resume()
    assert await called.delivered(talk) == []
    assert await called.delivered(question(9)) == [question(9)]
    await storage.close()


async def _broken_off(*_: object, **__: object) -> None:
    raise asyncio.CancelledError
