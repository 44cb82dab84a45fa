"""Preferences and feedback in SQL: the same on SQLite and on PostgreSQL (where TEST_DATABASE_URL names a server)."""

import asyncio
import contextlib
import sqlite3
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

import bot.storage
from bot.conversation import Conversation, Mode, Platform, Preferences
from bot.failures import Failure, FailureKind
from bot.storage import Storage, StorageUnusable
from bot.storage.database import _with_driver
from bot.storage.schema import FEEDBACK_SALT, metadata
from bot.votes import Evidence, SeenWindow, Verdict, Vote, Voter
from classifier.genres import GENRES
from classifier.results import GenreScore
from tests.bot.chats import kept


async def nobody() -> bool:
    return False


def chat(number: str, platform: Platform = Platform.TELEGRAM) -> Conversation:
    return Conversation(platform, number, False, None, "7", None, False, nobody)


async def test_preferences_are_kept_over_a_restart_each_chat_for_itself(url: str) -> None:
    wanted = Preferences(offset_s=12.5, language="es", mode=Mode.ON_DEMAND, feedback=False, listen_on=False)
    storage = await Storage.open(url)
    assert await storage.preferences_of(chat("1")) == Preferences()
    await storage.save(chat("1"), Preferences(offset_s=1.0))
    await storage.save(chat("1"), wanted)
    await storage.save(chat("2"), Preferences(mode=Mode.OFF, listen_on=True))
    await storage.close()
    storage = await Storage.open(url)
    assert await storage.preferences_of(chat("1")) == wanted
    assert await storage.preferences_of(chat("2")) == Preferences(mode=Mode.OFF, listen_on=True)
    assert await storage.preferences_of(chat("1", Platform.DISCORD)) == Preferences()
    await storage.forget(chat("1"))
    assert await storage.preferences_of(chat("1")) == Preferences()
    assert await storage.preferences_of(chat("2")) == Preferences(mode=Mode.OFF, listen_on=True)
    await storage.close()


async def test_counts_are_kept_by_day_and_forgotten_with_their_chat(url: str) -> None:
    storage = await Storage.open(url)
    today = date(2026, 3, 20)
    for days_ago, slug in ((40, "trap"), (8, "house"), (1, "house"), (0, "house"), (0, "house"), (0, "not-sure")):
        await storage.count(chat("1"), slug, day=today - timedelta(days=days_ago))
    await storage.count(chat("2"), "techno", day=today)
    week = today - timedelta(days=6)
    assert await storage.counted(chat("1"), since=week) == {"house": 3, "not-sure": 1}
    assert await storage.counted(chat("1"), since=date(2020, 1, 1)) == {"house": 4, "not-sure": 1}  # the oldest is gone
    await storage.move(chat("1"), chat("-100"))
    assert await storage.counted(chat("1"), since=week) == {}
    assert await storage.counted(chat("-100"), since=week) == {"house": 3, "not-sure": 1}
    await storage.forget_counts(chat("-100"))
    await storage.forget(chat("2"))
    assert await storage.counted(chat("-100"), since=week) == await storage.counted(chat("2"), since=week) == {}
    await storage.close()


async def test_two_processes_count_together(url: str) -> None:
    storages = [await Storage.open(url) for _ in range(2)]
    day = date(2026, 3, 20)
    await asyncio.gather(*(storage.count(chat("1"), "house", day=day) for storage in storages for _ in range(10)))
    assert await storages[0].counted(chat("1"), since=day) == {"house": 20}
    for storage in storages:
        await storage.close()


async def test_what_the_bot_keeps_about_itself_stays(url: str) -> None:
    storage = await Storage.open(url)
    assert await storage.bot_state("x") is None
    await storage.set_bot_state("x", "1")
    await storage.set_bot_state("x", "2")
    assert await storage.bot_state("x") == "2"
    await storage.close()


async def test_the_migrations_make_what_the_schema_says(url: str) -> None:
    storage = await Storage.open(url)

    def differences(connection: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with storage.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await storage.close()


EVIDENCE = Evidence(
    digest="00ff" * 4,
    part="all",
    model_version="reference-1.0.0",
    columns=("mfcc1_mean", "mfcc1_std"),
    scores=tuple(GenreScore(genre, 1 / 16) for genre in GENRES),
    windows=(SeenWindow(0.0, bytes(range(8))), SeenWindow(7.5, bytes(range(8, 16)))),
)
VOTER = Voter("telegram", "1", "7")
DAY = date(2025, 1, 31)


async def test_votes_are_kept_replaced_moved_and_forgotten(url: str) -> None:
    storage = await Storage.open(url)
    await storage.keep_vote(VOTER, Vote(Verdict.WRONG, "dnb", "techno"), EVIDENCE, given_on=DAY)
    await storage.keep_vote(replace(VOTER, person="8"), Vote(Verdict.WRONG, "dnb"), EVIDENCE, given_on=DAY)
    await storage.close()
    storage = await Storage.open(url)
    one_window = replace(EVIDENCE, windows=EVIDENCE.windows[:1])
    await storage.keep_vote(VOTER, Vote(Verdict.RIGHT, "dnb"), one_window, given_on=DAY)
    rows = await kept(storage)
    assert sorted((row.start_s, row.verdict, row.corrected) for row in rows) == [
        (0.0, "right", None),
        (0.0, "wrong", None),
        (7.5, "wrong", None),
    ]
    assert bytes(rows[-1].features) == bytes(range(8, 16))
    assert (rows[-1].given_on, rows[-1].predicted, rows[-1].confidence) == (DAY, "dnb", pytest.approx(1 / 16))
    await storage.forget_feedback(chat("2"))
    await storage.move(chat("1"), chat("2"))
    await storage.forget(chat("1"))
    assert len(await kept(storage)) == 3
    await storage.forget(chat("2"))
    assert await kept(storage) == []
    await storage.close()


async def test_codes_differ_from_database_to_database(tmp_path: Path) -> None:
    codes = set()
    for name in ("a", "b"):
        storage = await Storage.open(f"sqlite:///{tmp_path}/{name}.sqlite3")
        await storage.keep_vote(VOTER, Vote(Verdict.RIGHT, "dnb"), EVIDENCE, given_on=DAY)
        codes |= {(row.code, row.conversation) for row in await kept(storage)}
        assert len(await storage.bot_state(FEEDBACK_SALT) or "") == 64
        await storage.close()
    assert len(codes) == 2


async def downgraded(storage: Storage, revision: str) -> None:
    """Bring a database back to an older revision, and close it."""

    def down(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(bot.storage.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with storage.database.engine.begin() as connection:
        await connection.run_sync(down)
    await storage.close()


async def test_settings_of_before_there_was_feedback_stay(url: str) -> None:
    storage = await Storage.open(url)
    await storage.save(chat("1"), Preferences(offset_s=5.0))
    await downgraded(storage, "0001")
    storage = await Storage.open(url)
    assert await storage.stored(chat("1")) == Preferences(offset_s=5.0)
    await storage.keep_vote(VOTER, Vote(Verdict.RIGHT, "dnb"), EVIDENCE, given_on=DAY)
    await storage.close()


async def test_settings_of_before_it_listened_on_leave_that_to_the_operator(url: str) -> None:
    storage = await Storage.open(url)
    await storage.save(chat("1"), Preferences(offset_s=5.0, feedback=False, listen_on=False))
    await downgraded(storage, "0003")
    storage = await Storage.open(url)
    assert await storage.stored(chat("1")) == Preferences(offset_s=5.0, feedback=False, listen_on=None)
    await storage.close()


async def test_what_the_bot_keeps_about_itself_is_renamed_with_all_that_is_in_it(url: str) -> None:
    """Down to the revision that called the table `remarks`, a change made there, and up again."""
    storage = await Storage.open(url)
    await storage.set_bot_state("commands", "new")
    await storage.keep_vote(VOTER, Vote(Verdict.WRONG, "dnb", "techno"), EVIDENCE, given_on=DAY)
    salt = await storage.bot_state(FEEDBACK_SALT)
    await downgraded(storage, "0002")

    engine = create_async_engine(_with_driver(url))
    async with engine.begin() as connection:
        rows = (await connection.execute(sa.text("SELECT name, value FROM remarks ORDER BY name"))).all()
        assert [tuple(row) for row in rows] == [("commands", "new"), (FEEDBACK_SALT, salt)]
        assert "bot_state" not in await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
        await connection.execute(sa.text("UPDATE remarks SET value = 'old' WHERE name = 'commands'"))
    await engine.dispose()

    storage = await Storage.open(url)
    assert await storage.bot_state("commands") == "old"
    assert await storage.bot_state(FEEDBACK_SALT) == salt
    async with storage.database.engine.connect() as connection:
        assert "remarks" not in await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
        key = await connection.run_sync(lambda sync: sa.inspect(sync).get_pk_constraint("bot_state"))
    assert key["constrained_columns"] == ["name"]
    assert "remarks" not in (key["name"] or "")
    await storage.set_bot_state("commands", "newest")  # the key still finds the one row
    assert await storage.bot_state("commands") == "newest"
    await storage.keep_vote(VOTER, Vote(Verdict.RIGHT, "dnb"), EVIDENCE, given_on=DAY)
    assert [row.verdict for row in await kept(storage)] == ["right", "right"]  # the same salt: the same person
    await storage.close()


async def test_a_database_that_goes_away_costs_settings_but_no_answers(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    storage = await Storage.open(url)
    await storage.save(chat("1"), Preferences(offset_s=5.0))
    async with storage.database.engine.begin() as connection:
        await connection.execute(sa.text("DROP TABLE preferences"))
    assert await storage.preferences_of(chat("1")) == Preferences()
    assert "Preferences cannot be read" in caplog.text
    for attempt in (storage.save(chat("1"), Preferences()), storage.forget(chat("1"))):
        with pytest.raises(Failure) as caught:
            await attempt
        assert caught.value.kind is FailureKind.STORAGE
    await storage.close()


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary, " * 100)
    with pytest.raises(StorageUnusable, match="not a database"):
        await Storage.open(f"sqlite:///{tmp_path}/notes.txt")


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://a/b", "sqlite:////no/such/folder/x.db", "postgresql://u:geheim@127.0.0.1:1/x"]
)
async def test_what_is_no_usable_database_is_said_without_its_password(url: str) -> None:
    with pytest.raises(StorageUnusable) as caught:
        await Storage.open(url)
    assert str(caught.value).startswith("DATABASE_URL: ")
    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)


async def test_a_broken_database_keeps_nobody_from_an_answer(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    storage = await Storage.open(url)

    def broken(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    with monkeypatch.context() as patched:
        patched.setattr(type(storage.database.engine), "begin", broken)
        assert list(await storage.works.begin("telegram", {"1": "one"})) == ["1"]
        await storage.works.end("telegram", "1")
        assert await storage.works.left_over("telegram", own=True) == []
    await storage.close()
    assert caplog.text.count("disk I/O error") == 3


async def test_what_has_begun_is_not_broken_off(url: str) -> None:
    storage = await Storage.open(url)
    for turns in range(6):
        saving = asyncio.create_task(storage.save(chat(str(turns)), Preferences(offset_s=5.0)))
        for _ in range(turns + 1):
            await asyncio.sleep(0)
        saving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saving
    await storage.close()
    storage = await Storage.open(url)
    assert {(await storage.stored(chat(str(turns)))).offset_s for turns in range(6)} == {5.0}
    await storage.close()
    with pytest.raises(Failure, match="has closed it"):
        await storage.stored(chat("1"))


async def test_in_memory_is_one_database_for_all_connections() -> None:
    storage = await Storage.open("sqlite://")
    folder = storage.database._folder

    async def save(number: int) -> None:
        await storage.save(chat(str(number)), Preferences(offset_s=float(number)))

    async def read() -> None:
        for number in range(25):
            await storage.preferences_of(chat(str(number)))

    await asyncio.gather(*(save(number) for number in range(100)), *(read() for _ in range(4)))
    assert [(await storage.stored(chat(str(n)))).offset_s for n in range(100)] == [float(n) for n in range(100)]
    await storage.close()
    assert folder
    assert not folder.exists()


async def test_a_password_with_an_at_sign_is_told_without_it() -> None:
    with pytest.raises(StorageUnusable) as caught:
        await Storage.open("postgresql://u:se@cret@host/db")
    assert "%40" in str(caught.value)
    assert "cret" not in str(caught.value)


async def test_of_a_newer_version_nothing_is_touched(url: str) -> None:
    storage = await Storage.open(url)
    await storage.database.change(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    await storage.close()
    with pytest.raises(StorageUnusable, match="9999"):
        await Storage.open(url)


async def test_where_nothing_is_to_be_done_alembic_is_not_loaded(url: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from bot.storage import Storage\n"
        "async def main():\n"
        "    await (await Storage.open(sys.argv[1])).close()\n"
        "asyncio.run(main())\n"
        "print('alembic' in sys.modules)\n"
    )
    for is_loaded in ("True", "False"):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, url, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert said.decode().split() == [is_loaded]


async def test_four_may_start_on_one_fresh_database(url: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from bot.storage import Storage\n"
        "async def main():\n"
        "    storage = await Storage.open(sys.argv[1])\n"
        "    await storage.set_bot_state(sys.argv[2], '1')\n"
        "    await storage.close()\n"
        "asyncio.run(main())\n"
    )
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, url, str(n), stderr=asyncio.subprocess.PIPE)
        for n in range(4)
    ]
    ended = await asyncio.gather(*(process.communicate() for process in started))
    assert [said.decode() for _, said in ended] == [""] * 4
    storage = await Storage.open(url)
    assert [await storage.bot_state(str(n)) for n in range(4)] == ["1"] * 4
    await storage.close()


async def test_a_locked_database_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.storage.database._LOCKED_S", 0.1)
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageUnusable) as caught:
            await Storage.open(f"sqlite:///{tmp_path}/bot.sqlite3")
        assert caught.value.may_pass
        other.execute("COMMIT")
    await (await Storage.open(f"sqlite:///{tmp_path}/bot.sqlite3")).close()


async def test_feedback_is_bounded(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.storage.store._MOST_FEEDBACK", 3)
    storage = await Storage.open(url)
    for person in ("7", "8"):
        await storage.keep_vote(replace(VOTER, person=person), Vote(Verdict.RIGHT, "dnb"), EVIDENCE, given_on=DAY)
    with pytest.raises(Failure) as caught:
        await storage.keep_vote(replace(VOTER, person="9"), Vote(Verdict.RIGHT, "dnb"), EVIDENCE, given_on=DAY)
    assert caught.value.kind is FailureKind.STORAGE
    assert len(await kept(storage)) == 4
    await storage.close()
