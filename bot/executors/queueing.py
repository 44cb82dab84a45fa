"""What every executor has in common: a queue, and what the first worker that was ready said of its model."""

import asyncio
from collections.abc import Callable

from bot.connections import ConnectionState
from bot.executors.queue import JobQueue
from bot.jobs import Job, ModelFacts, Outcome


class QueueingExecutor:
    """The part of `Executor` that does not depend on where the workers are."""

    def __init__(self, queue_limit: int, connection: ConnectionState) -> None:
        self._queue = JobQueue(queue_limit)
        self._first_ready: asyncio.Future[ModelFacts] = asyncio.get_running_loop().create_future()
        self.connection = connection
        self.restarts = 0

    @property
    def is_ready(self) -> bool:
        return self._first_ready.done() and not self._first_ready.exception()

    @property
    def model(self) -> ModelFacts | None:
        return self._first_ready.result() if self.is_ready else None

    @property
    def waiting(self) -> int:
        return self._queue.waiting

    @property
    def running(self) -> int:
        return self._queue.running

    @property
    def queue_limit(self) -> int:
        return self._queue.limit

    @property
    def is_full(self) -> bool:
        return self._queue.is_full

    async def until_ready(self) -> ModelFacts:
        return await asyncio.shield(self._first_ready)

    def next_place(self) -> Callable[[], int]:
        return self._queue.next_place()

    async def run(self, job: Job) -> Outcome:
        return await self._queue.run(job)

    def _is_first(self, model: ModelFacts) -> None:
        """A worker is ready; the first one's word is kept."""
        if not self._first_ready.done():
            self._first_ready.set_result(model)
