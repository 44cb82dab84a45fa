"""Preferences of conversations in a database: SQLite by default, PostgreSQL by its URL."""

import asyncio
import logging
from importlib.resources import as_file, files
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.conversation import Conversation, Mode, Preferences
from bot.failures import Failure, FailureKind
from bot.storage.schema import preferences, remarks

log = logging.getLogger(__name__)

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


class StorageUnusable(Exception):
    """The database cannot be used; the text is one line without the URL's password."""


class Storage:
    """Use from one event loop; every method is one short transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def open(cls, url: str) -> "Storage":
        """Connect and bring the tables up to date. Raises `StorageUnusable`."""
        try:
            address = _with_driver(url)
            engine = create_async_engine(address, pool_pre_ping=True)
        except ArgumentError as error:
            raise StorageUnusable("DATABASE_URL: not the address of an SQLite or PostgreSQL database") from error
        if address.get_backend_name() == "sqlite" and not await asyncio.to_thread(_has_folder, address.database):
            raise StorageUnusable(f"DATABASE_URL: there is no folder for {address.database}")
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate)
        except (SQLAlchemyError, CommandError, OSError) as error:
            await engine.dispose()
            raise StorageUnusable(f"DATABASE_URL: the database cannot be used: {_reason(error)}") from error
        return cls(engine)

    async def close(self) -> None:
        await self._engine.dispose()

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
                row = (await connection.execute(sa.select(preferences).where(_is(conversation)))).one_or_none()
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error
        return Preferences(row.offset_s, row.language, Mode(row.mode)) if row else Preferences()

    async def save(self, conversation: Conversation, wanted: Preferences) -> None:
        """Replace what was set. Raises `Failure` (storage)."""
        values = {"offset_s": wanted.offset_s, "language": wanted.language, "mode": wanted.mode.value}
        key = {"platform": conversation.platform.value, "conversation": conversation.id}
        await self._replace(preferences, key, values)

    async def move(self, old: Conversation, new: Conversation) -> None:
        """Take what was set along to a conversation's new id. Raises `Failure` (storage)."""
        wanted = await self.stored(old)
        if wanted != Preferences():
            await self.save(new, wanted)
            await self.forget(old)

    async def forget(self, conversation: Conversation) -> None:
        """Delete everything that is kept about a conversation. Raises `Failure` (storage)."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(sa.delete(preferences).where(_is(conversation)))
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error

    async def remark(self, name: str) -> str | None:
        """A fact about the bot itself, as `set_remark` left it. Raises `Failure` (storage)."""
        try:
            async with self._engine.connect() as connection:
                query = sa.select(remarks.c.value).where(remarks.c.name == name)
                return (await connection.execute(query)).scalar_one_or_none()
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error

    async def set_remark(self, name: str, value: str) -> None:
        """Raises `Failure` (storage)."""
        await self._replace(remarks, {"name": name}, {"value": value})

    async def _replace(self, table: sa.Table, key: dict[str, str], values: dict[str, str | float | None]) -> None:
        found = sa.and_(*(table.c[name] == value for name, value in key.items()))
        try:
            async with self._engine.begin() as connection:
                await connection.execute(sa.delete(table).where(found))
                await connection.execute(sa.insert(table).values(**key, **values))
        except SQLAlchemyError as error:
            raise Failure(FailureKind.STORAGE, _reason(error)) from error


def _is(conversation: Conversation) -> sa.ColumnElement[bool]:
    return sa.and_(preferences.c.platform == conversation.platform.value, preferences.c.conversation == conversation.id)


def _has_folder(database: str | None) -> bool:
    """Whether a SQLite file can lie where it is to lie; None and `:memory:` need no place."""
    return Path(database or ".").absolute().parent.is_dir()


def _with_driver(url: str) -> sa.URL:
    """The URL with the driver that is installed; hosts hand out `postgres://…`, which SQLAlchemy does not know."""
    parsed = sa.make_url(url)
    driver = _DRIVERS.get(parsed.drivername.partition("+")[0])
    if driver is None:
        raise ArgumentError(f"no driver for {parsed.drivername}")
    return parsed.set(drivername=driver)


def _migrate(connection: sa.Connection) -> None:
    with as_file(files("bot.storage") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _reason(error: Exception) -> str:
    """The driver's own words on one line; SQLAlchemy's message would add the statement and its values."""
    words = str(getattr(error, "orig", None) or error)
    return " ".join(words.split())[:200]
