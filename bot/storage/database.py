"""One connection pool to the database, its tables brought up to date; errors come out as what people can be told."""

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.failures import Failure, FailureKind
from bot.storage.migrating import MigrationError, migrate

log = logging.getLogger(__name__)

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_LOCKED_S = 20.0
"""So long SQLite waits for another process."""
_CONNECT_TIMEOUT_S = 10
"""A server that does not answer at all would otherwise hold up the start for minutes."""


class StorageUnusable(Exception):
    """The database cannot be used; the text is one line without the URL's password. `may_pass`: it is locked, or its
    server is not there yet."""

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


class Database:
    """Use from one event loop; every method is one short transaction. They raise `Failure` (storage)."""

    def __init__(self, engine: AsyncEngine, *, folder: Path | None = None) -> None:
        self.engine = engine
        self._folder = folder
        self._running: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    @classmethod
    async def open(cls, url: str) -> "Database":
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
                await connection.run_sync(migrate)
        except (SQLAlchemyError, MigrationError, OSError) as error:
            await engine.dispose()
            reason = f"DATABASE_URL: the database cannot be used: {_reason(error)}"
            raise StorageUnusable(reason, may_pass=isinstance(error, OperationalError)) from error
        return cls(engine, folder=folder)

    async def close(self) -> None:
        """End what has begun, and take nothing more: a connection that is opened now nobody would close."""
        self._is_closed = True
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.engine.dispose()
        if self._folder:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def insert(self, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
        """An INSERT that knows ON CONFLICT, which both databases write alike."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """What a query finds."""
        return await self._to_its_end(self._rows(query))

    async def change(self, *statements: sa.Executable) -> Sequence[sa.Row[Any]]:
        """Run statements in one transaction; what those return that return rows, one after the other."""
        return await self._to_its_end(self._change(statements))

    async def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self.engine.connect() as connection:
            return (await connection.execute(query)).all()

    async def _change(self, statements: Sequence[sa.Executable]) -> Sequence[sa.Row[Any]]:
        returned: list[sa.Row[Any]] = []
        async with self.engine.begin() as connection:
            for statement in statements:
                result = await connection.execute(statement)
                returned += result.all() if result.returns_rows else []
        return returned

    async def _to_its_end(self, work: Coroutine[Any, Any, Sequence[sa.Row[Any]]]) -> Sequence[sa.Row[Any]]:
        """What has begun is not broken off when whoever asked is: its connection would be lost with it."""
        if self._is_closed:
            work.close()
            raise Failure(FailureKind.STORAGE, "the bot has closed it")
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen, even if nobody waits any more


def is_row(table: sa.Table, key: Mapping[str, str]) -> sa.ColumnElement[bool]:
    """The condition that columns have these values."""
    return sa.and_(*(table.c[name] == value for name, value in key.items()))


@contextlib.contextmanager
def only_logged(what: str) -> Iterator[None]:
    """For what is no reason not to answer: that the database failed with it is logged."""
    try:
        yield
    except Failure as failure:
        log.warning("%s: %s", what, failure.detail)


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


def _reason(error: Exception) -> str:
    """The driver's own words on one line; SQLAlchemy's message would add the statement and its values."""
    words = str(getattr(error, "orig", None) or error)
    return " ".join(words.split())[:200]
