"""Preferences of conversations and feedback in a database: SQLite by default, PostgreSQL by its URL."""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from importlib.resources import as_file, files
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.conversation import Conversation, Mode, Preferences
from bot.failures import Failure, FailureKind
from bot.offsets import part_text
from bot.storage.schema import FEEDBACK_SALT, begun, bot_state, counts, feature_sets, feedback, preferences
from bot.votes import Evidence, Vote, Voter

log = logging.getLogger(__name__)

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_MOST_TRIES = 3
_MOST_FEEDBACK = 100_000
"""Rows: one a window that was rated, of some five kilobytes."""
_DAYS_COUNTED = 31
"""Counts that are older are forgotten."""
_LOCKED_S = 20.0
"""So long SQLite waits for another process."""
_MIGRATION_LOCK = 0x65646D
_CONNECT_TIMEOUT_S = 10
"""A server that does not answer at all would otherwise hold up the start for minutes."""


class StorageUnusable(Exception):
    """The database cannot be used; the text is one line without the URL's password. `may_pass`: it is locked, or its
    server is not there yet."""

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


class Storage:
    """Use from one event loop; every method is one short transaction."""

    def __init__(self, engine: AsyncEngine, *, folder: Path | None = None) -> None:
        self._engine = engine
        self._folder = folder

    @classmethod
    async def open(cls, url: str) -> "Storage":
        """Connect and bring the tables up to date; several processes may do so at a time. Raises `StorageUnusable`.

        A database "in memory" is a file that is deleted with `close`: SQLite's own would be another one for each
        connection.
        """
        if url.partition("://")[2].partition("/")[0].count("@") > 1:
            raise StorageUnusable("DATABASE_URL: an @ in the user's name or the password is written %40")
        try:
            address = _with_driver(url)
            folder = await asyncio.to_thread(_temporary_folder, address)
            if folder:
                address = address.set(database=str(folder / "bot.sqlite3"))
            is_sqlite = address.get_backend_name() == "sqlite"
            options = {"connect_args": {"timeout": _LOCKED_S}} if is_sqlite else {}
            engine = create_async_engine(address, pool_pre_ping=True, **options)
        except ArgumentError as error:
            raise StorageUnusable("DATABASE_URL: not the address of an SQLite or PostgreSQL database") from error
        if address.get_backend_name() == "sqlite" and not await asyncio.to_thread(_has_folder, address.database):
            raise StorageUnusable(f"DATABASE_URL: there is no folder for {address.database}")
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate)
        except (SQLAlchemyError, CommandError, OSError) as error:
            await engine.dispose()
            reason = f"DATABASE_URL: the database cannot be used: {_reason(error)}"
            raise StorageUnusable(reason, may_pass=isinstance(error, OperationalError)) from error
        return cls(engine, folder=folder)

    async def close(self) -> None:
        await self._engine.dispose()
        if self._folder:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def check(self) -> None:
        """Whether the database answers. Raises `Failure` (storage)."""
        await self.bot_state(FEEDBACK_SALT)

    async def preferences_of(self, conversation: Conversation) -> Preferences:
        """What was set. If the database is away, the defaults: an answer matters more than a setting."""
        try:
            return await self.stored(conversation)
        except Failure as failure:
            log.warning("Preferences cannot be read: %s", failure.detail)
            return Preferences()

    async def stored(self, conversation: Conversation) -> Preferences:
        """What was set, to be changed. Raises `Failure` (storage): defaults must not replace what cannot be read."""
        try:
            async with self._engine.connect() as connection:
                query = sa.select(preferences).where(_is(conversation))
                row = (await connection.execute(query)).one_or_none()
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error
        if row is None:
            return Preferences()
        return Preferences(row.offset_s, row.language, Mode(row.mode), row.feedback, row.listen_on, row.counts)

    async def save(self, conversation: Conversation, wanted: Preferences) -> None:
        """Replace what was set. Raises `Failure` (storage)."""
        values: dict[str, str | float | bool | None] = {
            "offset_s": wanted.offset_s,
            "language": wanted.language,
            "mode": wanted.mode.value,
            "feedback": wanted.feedback,
            "listen_on": wanted.listen_on,
            "counts": wanted.counts,
        }
        key = {"platform": conversation.platform.value, "conversation": conversation.id}
        await self._replace(preferences, key, values)

    async def move(self, old: Conversation, new: Conversation) -> None:
        """Take what was set and said along to a conversation's new id. Raises `Failure` (storage)."""
        wanted = await self.stored(old)
        if wanted != Preferences():
            await self.save(new, wanted)
        new_code = await self._code(new.platform.value, new.id)
        moved = sa.update(feedback).where(await self._said_in(old)).values(conversation=new_code)
        counted = sa.update(counts).where(await self._counted_in(old)).values(conversation=new_code)
        await self._change(moved, counted, sa.delete(preferences).where(_is(old)))

    async def forget(self, conversation: Conversation) -> None:
        """Delete everything that is kept about a conversation. Raises `Failure` (storage)."""
        said = sa.delete(feedback).where(await self._said_in(conversation))
        counted = sa.delete(counts).where(await self._counted_in(conversation))
        await self._change(sa.delete(preferences).where(_is(conversation)), said, counted)

    async def forget_person(self, platform: str, person: str) -> None:
        """Delete what one person said about answers, wherever on a platform. Raises `Failure` (storage).

        No row says whose it is. So each is tried: a vote's code is made from its person, its file and its part.
        """
        salt = await self._salt()
        try:
            async with self._engine.connect() as connection:
                columns = (feedback.c.code, feedback.c.digest, feedback.c.start_s)
                rows = (await connection.execute(sa.select(*columns).where(feedback.c.platform == platform))).all()
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error
        mine = {
            row.code
            for row in rows
            for part in (part_text(row.start_s), part_text(None))
            if _coded(salt, platform, person, row.digest, part) == row.code
        }
        if mine:
            await self._change(*(sa.delete(feedback).where(feedback.c.code == code) for code in mine))

    async def keep_vote(self, voter: Voter, vote: Vote, evidence: Evidence, *, given_on: date) -> None:
        """Keep a vote, a row for each window. Raises `Failure` (storage).

        It takes the place of an earlier one of the same person on the same part of the same file, wherever that was
        given and whatever model had answered: who votes twice has still one opinion.
        """
        code = await self._code(voter.platform, voter.person, evidence.digest, evidence.part)
        names = "\n".join(evidence.columns)
        feature_set = hashlib.sha256(names.encode()).hexdigest()[:16]
        common = {
            "code": code,
            "given_on": given_on,
            "platform": voter.platform,
            "conversation": await self._code(voter.platform, voter.conversation),
            "digest": evidence.digest,
            "model_version": evidence.model_version,
            "predicted": vote.shown,
            "confidence": evidence.confidence_in(vote.shown),
            "verdict": vote.verdict.value,
            "corrected": vote.corrected,
            "feature_set": feature_set,
        }
        rows = [{**common, "start_s": window.start_s, "features": window.features} for window in evidence.windows]
        if await self._count(feedback) >= _MOST_FEEDBACK:
            raise Failure(FailureKind.STORAGE, f"there are {_MOST_FEEDBACK} rows of feedback: export and delete some")
        is_known = sa.exists().where(feature_sets.c.id == feature_set)
        named = sa.select(sa.literal(feature_set), sa.literal(names)).where(~is_known)
        await self._change(
            sa.insert(feature_sets).from_select(["id", "columns"], named),
            sa.delete(feedback).where(feedback.c.code == code),
            sa.insert(feedback).values(rows),
        )

    async def forget_feedback(self, conversation: Conversation) -> None:
        """Delete what was said in a conversation about answers. Raises `Failure` (storage)."""
        await self._change(sa.delete(feedback).where(await self._said_in(conversation)))

    async def count(self, conversation: Conversation, slug: str, *, day: date) -> None:
        """One more file of a genre (or what else `counts.slug` may be) on a day; what is old is forgotten meanwhile.

        That it cannot be counted is logged, and no reason not to answer.
        """
        with _only_logged():
            code = await self._code(conversation.platform.value, conversation.id)
            insert = sqlite_insert if self._engine.dialect.name == "sqlite" else postgresql_insert
            row = insert(counts).values(conversation=code, day=day, slug=slug, files=1)
            key = [counts.c.conversation, counts.c.day, counts.c.slug]
            one_more = row.on_conflict_do_update(index_elements=key, set_={"files": counts.c.files + 1})
            old = counts.c.day < day - timedelta(days=_DAYS_COUNTED)
            await self._change(one_more, sa.delete(counts).where(counts.c.conversation == code, old))

    async def counted(self, conversation: Conversation, *, since: date) -> dict[str, int]:
        """Files by genre from a day on. Raises `Failure` (storage)."""
        here = await self._counted_in(conversation)
        sums = sa.select(counts.c.slug, sa.func.sum(counts.c.files)).where(here, counts.c.day >= since)
        try:
            async with self._engine.connect() as connection:
                rows = await connection.execute(sums.group_by(counts.c.slug))
                return {slug: int(files) for slug, files in rows}
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error

    async def forget_counts(self, conversation: Conversation) -> None:
        """Delete what was counted in a conversation. Raises `Failure` (storage)."""
        await self._change(sa.delete(counts).where(await self._counted_in(conversation)))

    async def bot_state(self, name: str) -> str | None:
        """A fact about the bot itself, as `set_bot_state` left it. Raises `Failure` (storage)."""
        try:
            async with self._engine.connect() as connection:
                query = sa.select(bot_state.c.value).where(bot_state.c.name == name)
                return (await connection.execute(query)).scalar_one_or_none()
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error

    async def set_bot_state(self, name: str, value: str) -> None:
        """Raises `Failure` (storage)."""
        await self._replace(bot_state, {"name": name}, {"value": value})

    async def begin(self, platform: str, works: Mapping[str, str], *, state: tuple[str, str] | None = None) -> None:
        """Remember what is being answered, by name; and in the same moment a fact about the bot, as `set_bot_state`.

        That it cannot be remembered is logged, and no reason not to answer.
        """
        changes: list[sa.Executable] = []
        for name, work in works.items():
            row = {"platform": platform, "name": name}
            changes += [sa.delete(begun).where(_is_row(begun, row)), sa.insert(begun).values(**row, work=work, tries=0)]
        if state:
            row = {"name": state[0]}
            changes += [
                sa.delete(bot_state).where(_is_row(bot_state, row)),
                sa.insert(bot_state).values(**row, value=state[1]),
            ]
        with _only_logged():
            await self._change(*changes)

    async def end(self, platform: str, name: str) -> None:
        """Forget what has been answered."""
        with _only_logged():
            await self._change(sa.delete(begun).where(_is_row(begun, {"platform": platform, "name": name})))

    async def left_over(self, platform: str) -> list[tuple[str, str]]:
        """Names and works that were begun and never ended, as far as they have not been left over too often: what ends
        the process must not do so for ever."""
        here = begun.c.platform == platform
        with _only_logged():
            async with self._engine.begin() as connection:
                await connection.execute(sa.delete(begun).where(here, begun.c.tries >= _MOST_TRIES))
                found = await connection.execute(sa.select(begun.c.name, begun.c.work).where(here))
                rows = [(row.name, row.work) for row in found]
                await connection.execute(sa.update(begun).where(here).values(tries=begun.c.tries + 1))
                return rows
        return []

    async def _count(self, table: sa.Table) -> int:
        try:
            async with self._engine.connect() as connection:
                return int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error

    async def _counted_in(self, conversation: Conversation) -> sa.ColumnElement[bool]:
        return counts.c.conversation == await self._code(conversation.platform.value, conversation.id)

    async def _said_in(self, conversation: Conversation) -> sa.ColumnElement[bool]:
        return feedback.c.conversation == await self._code(conversation.platform.value, conversation.id)

    async def _code(self, *words: str) -> str:
        """The same for the same words, which cannot be read from it: a private chat has its person's number.

        Raises `Failure` (storage).
        """
        return _coded(await self._salt(), *words)

    async def _salt(self) -> str:
        salt = await self.bot_state(FEEDBACK_SALT)
        if salt is None:
            raise Failure(FailureKind.STORAGE, f"there is no {FEEDBACK_SALT}")
        return salt

    async def _replace(
        self, table: sa.Table, key: dict[str, str], values: dict[str, str | float | bool | None]
    ) -> None:
        await self._change(sa.delete(table).where(_is_row(table, key)), sa.insert(table).values(**key, **values))

    async def _change(self, *statements: sa.Executable) -> None:
        """Run statements in one transaction. Raises `Failure` (storage)."""
        try:
            async with self._engine.begin() as connection:
                for statement in statements:
                    await connection.execute(statement)
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error


def _coded(salt: str, *words: str) -> str:
    return hmac.new(salt.encode(), "\n".join(words).encode(), hashlib.sha256).hexdigest()


@contextlib.contextmanager
def _only_logged() -> Iterator[None]:
    try:
        yield
    except (Failure, SQLAlchemyError) as error:
        log.warning("What is being answered could not be remembered: %s", _reason(error))


def _is_row(table: sa.Table, key: Mapping[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in key.items()))


def _is(conversation: Conversation) -> sa.ColumnElement[bool]:
    return sa.and_(preferences.c.platform == conversation.platform.value, preferences.c.conversation == conversation.id)


def _temporary_folder(address: sa.URL) -> Path | None:
    is_memory = address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}
    return Path(tempfile.mkdtemp(prefix="genre-bot-")) if is_memory else None


def _has_folder(database: str | None) -> bool:
    """Whether a SQLite file can lie where it is to lie."""
    return Path(database or ".").absolute().parent.is_dir()


def _with_driver(url: str) -> sa.URL:
    """The URL with the driver that is installed; hosts hand out `postgres://…`, which SQLAlchemy does not know."""
    parsed = sa.make_url(url)
    driver = _DRIVERS.get(parsed.drivername.partition("+")[0])
    if driver is None:
        raise ArgumentError(f"no driver for {parsed.drivername}")
    parsed = parsed.set(drivername=driver)
    if parsed.get_backend_name() == "postgresql" and "connect_timeout" not in parsed.query:
        parsed = parsed.update_query_dict({"connect_timeout": str(_CONNECT_TIMEOUT_S)})
    return parsed


def _migrate(connection: sa.Connection) -> None:
    """One process at a time: whoever comes second finds the work done."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
    with as_file(files("bot.storage") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _reason(error: Exception) -> str:
    """The driver's own words on one line; SQLAlchemy's message would add the statement and its values."""
    words = str(getattr(error, "orig", None) or error)
    return " ".join(words.split())[:200]
