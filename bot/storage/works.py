"""What is being answered, and by which process, so that nothing is lost and nothing answered twice.

Several processes may serve the same chats from one database: on several machines, or for a moment while a new one takes
the place of an old one. Whoever begins something first has it; what has been answered is known for a day. A process
says every few seconds that it lives. What one that does not has begun, another takes up.
"""

import logging
import os
import secrets
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.failures import Failure
from bot.storage.database import Database, is_row, only_logged
from bot.storage.schema import begun, bot_state, processes

log = logging.getLogger(__name__)

BEAT_EVERY_S = 10.0
"""How often a process says that it lives."""
_LIVES_S = 4.5 * BEAT_EVERY_S
_KNOWN_S = 25 * 3600.0
"""Telegram hands an update out again for a day."""
_MOST_TRIES = 3


class Works:
    """One process's view of them. Nothing here is a reason not to answer: what fails is logged."""

    def __init__(self, database: Database, *, process: str | None = None) -> None:
        self._database = database
        self._me = process or secrets.token_hex(8)
        self._place = _place()
        self._said_s: float | None = None
        self._steady_since_s = 0.0

    async def beat(self) -> None:
        """Say that this process lives, and forget what is old."""
        now = self._now()
        values = {"place": self._place, "pid": os.getpid(), "seen_s": now}
        row = self._database.insert(processes).values(id=self._me, **values)
        old = (processes.c.seen_s < now - _KNOWN_S, begun.c.ended_s < now - _KNOWN_S)
        with only_logged("That this process lives could not be said"):
            asked_s = time.monotonic()
            await self._database.change(
                row.on_conflict_do_update(index_elements=[processes.c.id], set_=values),
                sa.delete(processes).where(old[0]),
                sa.delete(begun).where(old[1]),
            )
            if self._said_s is None or asked_s - self._said_s > _LIVES_S:
                self._steady_since_s = asked_s
            self._said_s = asked_s

    async def leave(self) -> None:
        """This process ends: what it has not finished, others may take up at once."""
        with only_logged("That this process ends could not be said"):
            await self._database.change(sa.delete(processes).where(processes.c.id == self._me))

    async def begin(
        self, platform: str, works: Mapping[str, str], *, state: tuple[str, str] | None = None
    ) -> Collection[str]:
        """Take works, by name; returns those that nobody else has taken, all of them where the database is away.

        In the same moment `state`, a fact about the bot, is kept as `Storage.set_bot_state` does.
        """
        changes: list[sa.Executable] = []
        for name, work in works.items():
            row = self._database.insert(begun).values(
                platform=platform, name=name, work=work, tries=0, owner=self._me, ended_s=None
            )
            is_mine = sa.and_(begun.c.owner == self._me, begun.c.ended_s.is_(None))
            changes.append(
                row.on_conflict_do_update(
                    index_elements=[begun.c.platform, begun.c.name], set_={"work": work}, where=is_mine
                ).returning(begun.c.name)
            )
        if state:
            row = self._database.insert(bot_state).values(name=state[0], value=state[1])
            changes.append(row.on_conflict_do_update(index_elements=[bot_state.c.name], set_={"value": state[1]}))
        try:
            return {row.name for row in await self._database.change(*changes)}
        except Failure as failure:
            log.warning("What is being answered could not be remembered: %s", failure.detail)
            return works.keys()

    async def end(self, platform: str, name: str) -> None:
        """It has been answered. Its name alone is kept, for a day."""
        row = is_row(begun, {"platform": platform, "name": name})
        with only_logged("What has been answered could not be struck out"):
            await self._database.change(sa.update(begun).where(row).values(work="", ended_s=self._now()))

    async def left_over(self, platform: str, *, own: bool = False) -> list[tuple[str, str]]:
        """Take up what processes have begun that live no more; with `own`, what this one has not ended, too.

        Not what has been left over too often: what ends the process must not do so for ever.
        """
        open_here = sa.and_(begun.c.platform == platform, begun.c.ended_s.is_(None))
        with only_logged("What is left over is not known"):
            owners = [
                row.owner for row in await self._database.rows(sa.select(begun.c.owner).where(open_here).distinct())
            ]
            living = {row.id for row in await self._database.rows(self._processes()) if self._lives(row)}
            dead = [owner for owner in owners if owner not in living and owner != self._me]
            if own:
                dead.append(self._me)
            if not dead:
                return []
            theirs = sa.and_(open_here, begun.c.owner.in_(dead))
            taken = sa.update(begun).where(theirs).values(owner=self._me, tries=begun.c.tries + 1)
            found = await self._database.change(
                sa.delete(begun).where(theirs, begun.c.tries >= _MOST_TRIES),
                taken.returning(begun.c.name, begun.c.work),
            )
            return sorted((row.name, row.work) for row in found)
        return []

    async def turn(self, name: str, *, every_s: float) -> bool:
        """Take a turn that there is only every few seconds, for all processes together; whether it was free. Where the
        database is away it is taken as free: whoever asks has waited as long as one process alone has to."""
        now = self._now()
        row = self._database.insert(bot_state).values(name=name, value=sa.cast(now, sa.String))
        is_free = sa.cast(bot_state.c.value, sa.Float) <= now - every_s
        taken = row.on_conflict_do_update(
            index_elements=[bot_state.c.name], set_={"value": sa.cast(now, sa.String)}, where=is_free
        )
        try:
            return bool(await self._database.change(taken.returning(bot_state.c.name)))
        except Failure as failure:
            log.warning("Whose turn it is is not known: %s", failure.detail)
            return True

    def _processes(self) -> sa.Select[Any]:
        age_s = self._now() - processes.c.seen_s
        return sa.select(processes.c.id, processes.c.place, processes.c.pid, age_s.label("age_s"))

    def _lives(self, process: sa.Row[Any]) -> bool:
        """By when it last said so, and at this place by what the system knows of it.

        Where the database was away nobody could say anything: only who could all the while may judge others by that.
        """
        is_here = process.place == self._place
        if process.id != self._me and is_here and (process.pid == os.getpid() or not _is_running(process.pid)):
            return False
        is_steady = self._said_s is not None and self._said_s - self._steady_since_s > _LIVES_S
        return bool(process.age_s < _LIVES_S) or not is_steady

    def _now(self) -> sa.ColumnElement[float]:
        """Seconds since 1970 by the database's clock: those of several machines may differ."""
        if self._database.is_sqlite:
            return (sa.func.julianday("now") - 2440587.5) * 86400.0
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float)


def _place() -> str:
    """Where numbers of processes mean the same: this start of this machine, and there this container. Elsewhere than on
    Linux nobody else is at the same place."""
    if sys.platform != "linux":
        return secrets.token_hex(8)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return secrets.token_hex(8)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True
