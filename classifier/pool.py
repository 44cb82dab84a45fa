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
from dataclasses import dataclass, field
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
    has: "deque[_Given[Task]]" = field(default_factory=deque)
    """What was sent to it, the oldest first: that one it works on."""

    def kill(self) -> None:
        self.process.kill()
        self.process.join(_JOIN_S)
        self.pipe.close()


class WorkerPool(Generic[Task, Result]):
    """`workers` processes that call `do` with one task after the other, each after `start`; use from one thread.

    At the end of its block the processes are killed, whatever they are doing. Beside the task that it works on a worker
    has up to `ahead` more in its pipe, so that it need not wait for who takes the results. Tasks and results are
    pickled; a task is to be shorter than what a pipe holds (64 KB).
    """

    def __init__(
        self,
        do: Callable[[Task], Result],
        *,
        workers: int,
        context: BaseContext,
        start: Callable[[], object] | None = None,
        ahead: int = 0,
    ) -> None:
        self._do = do
        self._start = start
        self._context = context
        self._ahead = ahead
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
        return len(self._queue) + sum(len(worker.has) for worker in self._workers)

    def give(self, task: Task) -> None:
        """Let a worker do a task; does not wait."""
        self._queue.append(_Given(task))
        self._hand_out()

    def take(self) -> tuple[Task, Result | EndsItsProcess]:
        """Wait for any task to be done. Raises what `do` has raised, and `IndexError` where no task was given."""
        if not self:
            raise IndexError("no task was given")
        while True:
            worker = self._next_heard_of()
            try:
                result: Result | _Raised = worker.pipe.recv()
            except (EOFError, OSError):  # nothing, or a part of it
                if given := self._replaced(worker):
                    return given.task, EndsItsProcess()
                continue
            given = worker.has.popleft()
            self._hand_out()
            if isinstance(result, _Raised):
                raise result.error
            return given.task, result

    def _next_heard_of(self) -> _Worker[Task]:
        pipes = [worker.pipe for worker in self._workers if worker.has]
        heard_of = wait(pipes)
        return next(worker for worker in self._workers if worker.pipe in heard_of)

    def _hand_out(self) -> None:
        while self._queue:
            worker = min(self._workers, key=lambda worker: len(worker.has))
            if len(worker.has) > self._ahead:
                return
            given = self._queue.popleft()
            worker.has.append(given)
            with contextlib.suppress(OSError):  # it has ended, which is seen when its result is waited for
                worker.pipe.send(given.task)

    def _replaced(self, worker: _Worker[Task]) -> _Given[Task] | None:
        """Another worker in place of one that has ended; the task that it ended with, where that has had its tries."""
        worker.kill()
        with undisturbed():
            self._workers[self._workers.index(worker)] = self._new_worker()
        given = worker.has[0]
        given.tries_left -= 1
        if not given.tries_left:
            worker.has.popleft()
        self._queue.extendleft(reversed(worker.has))
        self._hand_out()
        return None if given.tries_left else given

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
    """A worker's life: until the other end is closed, of which a fork would have a copy."""
    ours.close()
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
