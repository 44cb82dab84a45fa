"""Brings the tables up to date.

Alembic is imported only where there is something to do: it would take a fifth of a second of each start, and 11 MB.
"""

from importlib.resources import as_file, files

import sqlalchemy as sa

_LOCK = 0x65646D
"""Of PostgreSQL, for as long as the transaction takes."""
_VERSION = sa.table("alembic_version", sa.column("version_num"))


class MigrationError(Exception):
    """The tables are none that this version knows."""


def migrate(connection: sa.Connection) -> None:
    """One process at a time: whoever comes second finds the work done.

    Raises `MigrationError`, and what SQLAlchemy raises.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if not _is_up_to_date(connection):
        _upgrade(connection)


def _is_up_to_date(connection: sa.Connection) -> bool:
    if not sa.inspect(connection).has_table(_VERSION.name):
        return False
    return connection.scalars(sa.select(_VERSION.c.version_num)).all() == [_newest()]


def _newest() -> str:
    """The number that the last of our migrations begins with."""
    scripts = (files("bot.storage") / "migrations" / "versions").iterdir()
    return max(script.name for script in scripts if script.name.endswith(".py")).partition("_")[0]


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    with as_file(files("bot.storage") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise MigrationError(str(error)) from error
