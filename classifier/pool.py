"""Many tasks by several processes, each with a pipe of its own, so that any of them may end at any moment.

The workers of `concurrent.futures.ProcessPoolExecutor` write into one pipe: of one that is killed while it writes, half
a result stays in it, and the pool waits for the other half for ever.
"""

import contextlib
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import FrameType, TracebackType
from typing import Generic, Self, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_TRIES = 2
"""So many processes may end while they work on a task: the first may have been killed for the fault of another."""
ENDING = (signal.SIGINT, signal.SIGTERM)
"""What asks a process to end."""
_JOIN_S = 1.0


class EndsItsProcess:
    """In place of a result: no process has lived through the task."""


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


@dataclass(slots=True, eq=False)
class _Given(Generic[Task]):
    task: Task
    tries_left: int = _TRIES


@dataclass(slots=True, eq=False)
class _Worker(Generic[Task]):
    process: BaseProcess
    pipe: Connection
    has: _Given[Task] | None = None
    """What it works on."""

    def kill(self) -> None:
        self.process.kill()
        self.process.join(_JOIN_S)
        self.pipe.close()


class WorkerPool(Generic[Task, Result]):
    """`workers` processes that call `do` with one task after the other, each after `start`; use from one thread.

    At the end of its block the processes are killed, whatever they are doing. Tasks and results are pickled; a task is
    to be shorter than what a pipe holds (64 KB).
    """

    def __init__(
        self,
        do: Callable[[Task], Result],
        *,
        workers: int,
        context: BaseContext,
        start: Callable[[], object] | None = None,
    ) -> None:
        self._do = do
        self._start = start
        self._context = context
        self._size = workers
        self._workers: list[_Worker[Task]] = []
        self._queue: deque[_Given[Task]] = deque()

    def __enter__(self) -> Self:
        try:
            with undisturbed():
                self._workers.extend(self._new_worker() for _ in range(self._size))
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._kill()

    def __len__(self) -> int:
        """How many tasks were given and not taken."""
        return len(self._queue) + sum(worker.has is not None for worker in self._workers)

    def give(self, task: Task) -> None:
        """Let a worker do a task; does not wait."""
        self._queue.append(_Given(task))
        self._hand_out()

    def take(self) -> tuple[Task, Result | EndsItsProcess]:
        """Wait for any task to be done. Raises what `do` has raised, and `IndexError` where no task was given."""
        if not self:
            raise IndexError("no task was given")
        while True:
            worker, given = self._next_heard_of()
            try:
                result: Result | _Raised = worker.pipe.recv()
            except (EOFError, OSError):  # nothing, or a part of it
                self._replace(worker)
                given.tries_left -= 1
                if given.tries_left:
                    self._queue.appendleft(given)
                self._hand_out()
                if given.tries_left:
                    continue
                return given.task, EndsItsProcess()
            worker.has = None
            self._hand_out()
            if isinstance(result, _Raised):
                raise result.error
            return given.task, result

    def _next_heard_of(self) -> tuple[_Worker[Task], _Given[Task]]:
        busy = [(worker, worker.has) for worker in self._workers if worker.has]
        heard_of = wait([worker.pipe for worker, _ in busy])
        return next((worker, given) for worker, given in busy if worker.pipe in heard_of)

    def _hand_out(self) -> None:
        for worker in self._workers:
            if self._queue and worker.has is None:
                worker.has = self._queue.popleft()
                with contextlib.suppress(OSError):  # it has ended, which is seen when its result is waited for
                    worker.pipe.send(worker.has.task)

    def _replace(self, worker: _Worker[Task]) -> None:
        worker.kill()
        with undisturbed():
            self._workers[self._workers.index(worker)] = self._new_worker()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.kill()

    def _new_worker(self) -> _Worker[Task]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(  # type: ignore[attr-defined]  # every context has it
            target=_work, args=(theirs, ours, self._start, self._do), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _work(pipe: Connection, ours: Connection, start: Callable[[], object] | None, do: Callable[[Task], object]) -> None:
    """A worker's life, until the other end of its pipe is closed."""
    ours.close()  # of which a fork has a copy
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    if start:
        start()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            task = pipe.recv()
            try:
                result: object = do(task)
            except Exception as error:
                error.add_note(traceback.format_exc())
                result = _Raised(error)
            pipe.send(result)


@contextlib.contextmanager
def undisturbed(numbers: Sequence[signal.Signals] = ENDING) -> Iterator[None]:
    """These signals are heard after the block; by processes that are started in it, when they unblock them."""
    resource_tracker.ensure_running()  # it would unblock them when it is started
    heard: list[int] = []

    def hear(number: int, _: FrameType | None) -> None:
        heard.append(number)

    is_main = threading.current_thread() is threading.main_thread()  # the system may tell any thread, Python this one
    handlers = {number: signal.signal(number, hear) for number in numbers} if is_main else {}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for name in heard:
            signal.raise_signal(name)
