"""Databases for tests that are not about how a database is made."""

import functools
import tempfile
from pathlib import Path

import sqlalchemy as sa

from bot.storage.migrating import migrate


def fresh_database(folder: Path) -> str:
    """The address of the database in a folder: an empty one with all its tables, unless there is one."""
    path = folder / "bot.sqlite3"
    if not path.exists():
        path.write_bytes(_empty())
    return f"sqlite:///{path}"


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bot.sqlite3"
        engine = sa.create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            migrate(connection)
        engine.dispose()
        return path.read_bytes()
