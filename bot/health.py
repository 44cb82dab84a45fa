"""What is so now: every part of the bot that is switched on, and whether it works."""

import asyncio
from typing import TYPE_CHECKING, Any

from bot.connections import ConnectionState, ConnectionStatus
from bot.executors import WorkerState
from bot.failures import Failure
from bot.service import GenreService

if TYPE_CHECKING:
    from bot.storage import Storage

_DATABASE_S = 5.0


class Health:
    """One for the whole bot. Who has a platform on puts its state into `connections`."""

    def __init__(self, service: GenreService) -> None:
        self._pool = service.pool
        self._service = service
        self.connections: dict[str, ConnectionState] = {"scheduler": service.pool.connection}
        self.storage: Storage | None = None
        self.database_trouble = ""
        """Why the database that is waited for cannot be used so far."""

    async def facts(self) -> tuple[dict[str, Any], list[str]]:
        """Everything, and the names of the parts that do not work."""
        model, states = self._pool.model, self._pool.states
        failing: list[str] = []
        working = [state for state in states if state in {WorkerState.READY, WorkerState.BUSY}]
        if not working or WorkerState.STOPPED in states:
            failing.append("workers")
        if self._pool.is_full:
            failing.append("queue")
        database = await self._database()
        if database["status"] == "failing":
            failing.append("database")
        failing += [name for name, state in self.connections.items() if state.status not in _GOOD]
        status = "failing" if failing else "ready"
        if failing == ["workers"] and not self._pool.is_ready and WorkerState.STOPPED not in states:
            status = "warming"
        facts = {
            "status": status,
            "failing": failing,
            "model_version": model.version if model else None,
            "workers": {"states": [state.value for state in states], "restarts": self._pool.restarts},
            "queue": {"waiting": self._pool.waiting, "running": self._pool.running, "limit": self._pool.queue_limit},
            "held_bytes": self._service.budget.held_bytes,
            "database": database,
            **{name: state.to_dict() for name, state in self.connections.items()},
        }
        return facts, failing

    async def _database(self) -> dict[str, str]:
        if self.storage is None:
            trouble = self.database_trouble
            return {"status": "failing", "reason": trouble} if trouble else {"status": "off"}
        try:
            async with asyncio.timeout(_DATABASE_S):
                await self.storage.check()
        except TimeoutError:
            return {"status": "failing", "reason": "it does not answer"}
        except Failure as failure:
            return {"status": "failing", "reason": failure.detail}
        return {"status": "connected"}


_GOOD = frozenset({ConnectionStatus.OFF, ConnectionStatus.CONNECTED})
