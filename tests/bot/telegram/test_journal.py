"""Which updates have been taken: over connections, starts, and a silence after which Telegram numbers anew."""

from pathlib import Path

import pytest

from bot.adapters.telegram.journal import _LASTS_S, Journal, Position
from bot.storage import Storage

Update = dict[str, object]


def question(number: int, text: str = "/genres", kind: str = "private") -> Update:
    return {"update_id": number, "message": {"chat": {"id": 7, "type": kind}, "text": text}}


@pytest.fixture
async def storage(tmp_path: Path) -> Storage:
    return await Storage.open(f"sqlite:///{tmp_path}/bot.sqlite3")


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
