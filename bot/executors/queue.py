"""Jobs that wait for a worker, wherever that is: in their order, so many and no more."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.failures import Failure, FailureKind
from bot.jobs import Job, Outcome

_DEATHS_OF_A_JOB, _TRIES_OF_A_JOB = 2, 6
"""A worker that breaks down does so by its file; one that is killed, by somebody else, or for want of memory."""


@dataclass(slots=True, order=True)
class Waiting:
    """A job in the queue, its place in the order, and where its outcome goes."""

    number: int
    job: Job = field(compare=False)
    done: asyncio.Future[Outcome] = field(compare=False)
    deaths: int = field(default=0, compare=False)
    tries: int = field(default=0, compare=False)
    """Workers that have ended with it, and those that were to get it, too."""

    def settle(self, outcome: Outcome | Failure) -> None:
        if self.done.done():  # whoever asked has gone
            return
        if isinstance(outcome, Failure):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)

    def may_be_tried_again(self, *, by_its_fault: bool) -> bool:
        """Count a worker that has ended with it; whether another may have it."""
        self.tries += 1
        self.deaths += by_its_fault
        return self.deaths < _DEATHS_OF_A_JOB and self.tries < _TRIES_OF_A_JOB


class JobQueue:
    """Use from one event loop."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._waiting: asyncio.PriorityQueue[Waiting] = asyncio.PriorityQueue()
        self._running: set[asyncio.Future[Outcome]] = set()
        self._is_closed = False
        self._queued = self._taken = 0

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return self._waiting.qsize()

    @property
    def running(self) -> int:
        """How many jobs a worker has."""
        return len(self._running)

    @property
    def is_full(self) -> bool:
        """Whether no more are taken."""
        return self.waiting >= self.limit

    def next_place(self) -> Callable[[], int]:
        """For the next job that is run: a function that tells how many jobs come before it."""
        number = self._queued + 1
        return lambda: max(0, number - self._taken - 1)

    async def run(self, job: Job) -> Outcome:
        """Wait for a job's outcome. Raises `Failure` (busy, stopping), and what it is settled with."""
        if self._is_closed:
            raise Failure(FailureKind.STOPPING)
        if self.is_full:
            raise Failure(FailureKind.BUSY, f"{self.waiting} jobs wait")
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queued += 1
        self._waiting.put_nowait(Waiting(self._queued, job, done))
        del job
        return await done

    async def take(self) -> Waiting:
        """The next job that somebody still wants."""
        while True:
            waiting = await self._waiting.get()
            self._taken = max(self._taken, waiting.number)
            if not waiting.done.done():
                return waiting

    def put_back(self, waiting: Waiting) -> None:
        """It has not been done, and comes before all others."""
        if self._is_closed:
            waiting.settle(Failure(FailureKind.STOPPING))
        elif not waiting.done.done():
            self._waiting.put_nowait(waiting)

    @contextlib.contextmanager
    def being_done(self, waiting: Waiting) -> Iterator[None]:
        """A worker has it until the block ends."""
        self._running.add(waiting.done)
        try:
            yield
        finally:
            self._running.discard(waiting.done)

    def refuse_all(self, kind: FailureKind, detail: str = "") -> None:
        """Whatever waits is not done."""
        while not self._waiting.empty():
            self._waiting.get_nowait().settle(Failure(kind, detail))

    async def close(self, *, grace_s: float) -> None:
        """Take no more, refuse what waits, and give what runs `grace_s` seconds."""
        self._is_closed = True
        self.refuse_all(FailureKind.STOPPING)
        if self._running:
            await asyncio.wait(self._running, timeout=grace_s)
