"""A pool of worker processes that survives what untrusted files do to it.

Each worker has a pipe of its own, takes one job at a time and works under a time limit. A worker that hangs, crashes or
has done its share of jobs is replaced, and no other job is lost by that. The job of one that died is given to another,
since it need not have been the job's fault; a file that breaks two workers is refused. (A shared pipe, as
ready-made pools have, is broken for all when a worker is killed while it reads.) Workers are forked from a process that
has imported the classifier once, so a replacement is there in a fraction of a second.
"""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ParamSpec, TypeVar

from bot.confinement import confine, limit_processor_time
from bot.failures import Failure, FailureKind
from bot.jobs import Job, ModelChoice, ModelFacts, Outcome, facts_of, load_classifier, run_job
from classifier.errors import ClassifierError
from classifier.process import set_up_process

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_RESTART_DELAY_S = 1.0
_KILL_WAIT_S = 2.0
_DEATHS_OF_A_JOB, _TRIES_OF_A_JOB = 2, 6
"""A worker that breaks down does so by its file; one that is killed, by somebody else, or for want of memory."""
_FORK_SERVER_DIED = 255
"""What multiprocessing says of a process whose end nobody is left to tell."""
_FAILED_STARTS = 5
"""So many workers that end before one of them has ever been ready end the start."""
_TAKEN = "taken"
"""A worker's word that it holds the job now."""
_NOT_TAKEN = "not taken"


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker's first message: it takes jobs now."""

    model: ModelFacts


@dataclass(frozen=True, slots=True)
class CannotStart:
    """A worker's first and last message: the model cannot be loaded, and trying again will not help."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broke:
    """A worker's last message: a job ended in an exception that is none of the classifier's own."""

    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the system allows a worker, whoever watches it: memory for data, and the processor's time for one job."""

    memory_bytes: int
    job_s: float


class WorkerState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    STOPPED = "stopped"
    """By a signal: it answers nobody until it goes on."""


class ModelUnusable(Exception):
    """No worker can ever start; the text says why."""


@dataclass(slots=True)
class _Waiting:
    """A job in the queue, its place in the order, and where its outcome goes."""

    job: Job
    done: asyncio.Future[Outcome]
    number: int
    deaths: int = 0
    tries: int = 0
    """Workers that have ended with it, and those that were to get it, too."""

    def settle(self, outcome: Outcome | Failure) -> None:
        if self.done.done():  # whoever asked has gone
            return
        if isinstance(outcome, Failure):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class WorkerPool:
    """Runs jobs in worker processes; use from one event loop."""

    def __init__(
        self,
        choice: ModelChoice,
        *,
        workers: int,
        job_timeout_s: float,
        jobs_per_worker: int,
        queue_limit: int,
        memory_mb: float = 2048.0,
    ) -> None:
        self._choice = choice
        self._count = workers
        self._job_timeout_s = job_timeout_s
        self._jobs_per_worker = jobs_per_worker
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(queue_limit)
        self._slots: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Future[Outcome]] = set()
        self._closing = False
        self._limits = Limits(round(memory_mb * 1024 * 1024), job_timeout_s)
        self._queued = 0
        self._taken = 0
        self._first_ready: asyncio.Future[ModelFacts] = asyncio.get_running_loop().create_future()
        self._workers: dict[int, _Worker] = {}
        self._failed_starts = 0
        self.restarts = 0
        """Workers that had to be replaced before their time."""

    @property
    def is_ready(self) -> bool:
        """Whether a worker has ever been ready; before that, jobs wait."""
        return self._first_ready.done() and not self._first_ready.exception()

    @property
    def model(self) -> ModelFacts | None:
        """The model that the workers have loaded; None before the first of them is ready."""
        return self._first_ready.result() if self.is_ready else None

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        return self._waiting.qsize()

    @property
    def states(self) -> list[WorkerState]:
        """What each worker is at now."""
        found = [self._workers.get(slot) for slot in range(self._count)]
        return [worker.state if worker else WorkerState.STARTING for worker in found]

    @property
    def queue_limit(self) -> int:
        """How many jobs may wait."""
        return self._waiting.maxsize

    @property
    def running(self) -> int:
        """How many jobs a worker has."""
        return len(self._running)

    def start(self) -> None:
        """Begin to start the workers; returns at once."""
        set_up_process()
        multiprocessing.set_forkserver_preload(["bot.preload"])
        self._slots = [asyncio.create_task(self._keep_worker(n), name=f"worker-{n}") for n in range(self._count)]

    async def until_ready(self) -> ModelFacts:
        """Wait for the first worker; returns what it says of its model. Raises `ModelUnusable`."""
        return await asyncio.shield(self._first_ready)

    @property
    def is_full(self) -> bool:
        """Whether the queue takes no more."""
        return self._waiting.full()

    def next_place(self) -> Callable[[], int]:
        """For the next job that is run: a function that tells how many jobs come before it."""
        number = self._queued + 1
        return lambda: max(0, number - self._taken - 1)

    async def run(self, job: Job) -> Outcome:
        """Do a job; raises `Failure` (busy, timeout, crashed, stopping)."""
        if self._closing:
            raise Failure(FailureKind.STOPPING)
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait(_Waiting(job, done, self._queued + 1))
        except asyncio.QueueFull:
            raise Failure(FailureKind.BUSY, f"{self.waiting} jobs wait") from None
        self._queued += 1
        return await done

    async def close(self, *, grace_s: float = 5.0) -> None:
        """Refuse what waits, give running jobs `grace_s` seconds, then end the workers."""
        self._closing = True
        while not self._waiting.empty():
            self._waiting.get_nowait().settle(Failure(FailureKind.STOPPING))
        if self._running:
            await asyncio.wait(self._running, timeout=grace_s)
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)

    async def _keep_worker(self, slot: int) -> None:
        """Keep one worker alive, for as long as the pool is."""
        held: _Waiting | None = None
        while True:
            try:
                worker = await _in_thread(_Worker, self._choice, self._limits)
            except (OSError, EOFError) as error:  # the process that workers are forked from has died
                log.error("A worker could not be started (%r); trying again", error)
                if self._gives_up(f"they cannot be started: {error!r}"):
                    return
                await asyncio.sleep(_RESTART_DELAY_S)
                continue
            self._workers[slot] = worker
            try:
                hello = await _in_thread(worker.receive)
                if isinstance(hello, CannotStart):
                    self._report_unusable(hello.reason)
                    return
                if isinstance(hello, Ready):
                    self._failed_starts, worker.is_ready = 0, True
                    if not self._first_ready.done():
                        self._first_ready.set_result(hello.model)
                    held = await self._serve_with(worker, held)
                else:
                    reason = await _in_thread(worker.exit_reason)
                    log.error("A worker ended before it was ready (%s); starting another", reason)
                    if self._gives_up(f"they end before they are ready: {reason}"):
                        return
                    await asyncio.sleep(_RESTART_DELAY_S)
            finally:
                self._workers.pop(slot, None)
                worker.kill()

    def _gives_up(self, reason: str) -> bool:
        """Whether no worker has ever been ready, and none will be."""
        self._failed_starts += 1
        if self.is_ready or self._failed_starts < _FAILED_STARTS:
            return False
        self._report_unusable(f"no worker can be started; {reason}")
        return True

    def _report_unusable(self, reason: str) -> None:
        if not self._first_ready.done():
            self._first_ready.set_exception(ModelUnusable(reason))
            self._first_ready.exception()  # marks it as seen: whoever waits still gets it

    async def _serve_with(self, worker: "_Worker", held: "_Waiting | None") -> "_Waiting | None":
        """Hand jobs to a worker until it has done its share, failed, or died.

        `held` is a job that comes first. The job returned was not begun, since the worker had died before it took it.
        """
        for _ in range(self._jobs_per_worker):
            waiting = held or await self._next_job(worker)
            held = None
            if waiting is None:
                self.restarts += 1
                log.warning("A worker died while idle (%s); starting another", await _in_thread(worker.exit_reason))
                return None
            if waiting.done.done():  # whoever asked has gone
                continue
            outcome = await self._settled(worker, waiting)
            if not isinstance(outcome, Outcome):
                self.restarts += 1
                return None if waiting.done.done() else waiting
            del waiting, outcome  # no audio is kept while the worker waits for the next job
        return None

    async def _settled(self, worker: "_Worker", waiting: "_Waiting") -> object:
        """Do one job and tell who asked. Where the worker died with it, it stays open for another one, once."""
        self._running.add(waiting.done)
        worker.is_busy = True
        try:
            outcome = await self._exchange(worker, waiting.job)
            if isinstance(outcome, Broke):
                outcome = Failure(FailureKind.CRASHED, outcome.reason)
            if not isinstance(outcome, Outcome | Failure):
                reason = await _in_thread(worker.exit_reason)
                waiting.tries += 1
                waiting.deaths += outcome is not _NOT_TAKEN and not worker.was_killed
                if waiting.deaths < _DEATHS_OF_A_JOB and waiting.tries < _TRIES_OF_A_JOB:
                    log.warning("A worker died (%s); its file is given to another", reason)
                    return outcome
                outcome = Failure(FailureKind.CRASHED, f"workers ended: {reason}")
            waiting.settle(outcome)
            return outcome
        except asyncio.CancelledError:
            waiting.settle(Failure(FailureKind.STOPPING))
            raise
        finally:
            worker.is_busy = False
            self._running.discard(waiting.done)

    async def _next_job(self, worker: "_Worker") -> "_Waiting | None":
        """The next job in the queue, or None as soon as the idle worker dies."""
        loop = asyncio.get_running_loop()
        died = asyncio.Event()
        loop.add_reader(worker.sentinel, died.set)
        taking, dying = asyncio.ensure_future(self._waiting.get()), asyncio.ensure_future(died.wait())
        try:
            await asyncio.wait((taking, dying), return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                return None
            waiting = taking.result()
            self._taken = max(self._taken, waiting.number)
            return waiting
        finally:
            loop.remove_reader(worker.sentinel)
            taking.cancel()
            dying.cancel()

    async def _exchange(self, worker: "_Worker", job: Job) -> object:
        """One job, one answer, within the time limit; None if the worker died with it."""
        reply = asyncio.ensure_future(_in_thread(worker.exchange, job))
        try:
            async with asyncio.timeout(self._job_timeout_s):
                return await asyncio.shield(reply)
        except TimeoutError:
            worker.kill()
            await asyncio.wait((reply,), timeout=_KILL_WAIT_S)
            return Failure(FailureKind.TIMEOUT, f"no answer within {self._job_timeout_s:g} s")
        except asyncio.CancelledError:
            worker.kill()
            raise


async def _in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that blocks. Unlike an executor's thread, this one never delays the end of the program."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if result.done():
            return
        if error is None:
            result.set_result(value)  # type: ignore[arg-type]
        else:
            result.set_exception(error)

    def call() -> None:
        value, error = None, None
        try:
            value = function(*args, **kwargs)
        except BaseException as caught:
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=call, daemon=True, name=function.__name__).start()
    return await result


class _Worker:
    """One worker process and our end of its pipe. The methods block: call them in a thread."""

    def __init__(self, choice: ModelChoice, limits: Limits) -> None:
        context = multiprocessing.get_context("forkserver")
        ours, theirs = context.Pipe()
        self._pipe = ours
        self._process = context.Process(target=serve, args=(theirs, choice, limits), daemon=True)
        self._process.start()
        theirs.close()
        self.is_ready = self.is_busy = False

    @property
    def state(self) -> WorkerState:
        """By what the pool has had of it, and what the system says of its process."""
        if _is_stopped(self._process.pid):
            return WorkerState.STOPPED
        if not self.is_ready:
            return WorkerState.STARTING
        return WorkerState.BUSY if self.is_busy else WorkerState.READY

    @property
    def sentinel(self) -> int:
        """A file descriptor that becomes readable when the process ends."""
        return self._process.sentinel

    def receive(self) -> object:
        """The next message; None if the worker has died."""
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            return None

    def exchange(self, job: Job) -> object:
        """Send a job and wait for its answer; None if the worker died with it, `_NOT_TAKEN` if it died before."""
        try:
            self._pipe.send(job)
        except OSError:
            return _NOT_TAKEN
        first = self.receive()
        if isinstance(first, Broke):  # it could not even be read
            return first
        return self.receive() if first == _TAKEN else _NOT_TAKEN

    def kill(self) -> None:
        """End the process at once, whatever it is doing, and whatever `is_alive` says: that asks the process that it
        was forked from, which may be dead."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid or 0, signal.SIGKILL)
        self._process.join(_KILL_WAIT_S)
        self._pipe.close()

    @property
    def was_killed(self) -> bool:
        """Whether somebody else has ended the process, or the one that it was forked from; `exit_reason` has waited for
        that."""
        return self._process.exitcode in {-signal.SIGKILL, -signal.SIGTERM, _FORK_SERVER_DIED}

    def exit_reason(self) -> str:
        self._process.join(_KILL_WAIT_S)
        return f"exit code {self._process.exitcode}"


def _warm_up_once_more() -> None:
    """Where that went wrong in the process that this one was forked from: what is compiled later could not be kept."""
    preload = sys.modules.get("bot.preload")
    if preload is not None and not preload.is_warm:
        from classifier.warmup import warm_up

        warm_up()


def _is_stopped(pid: int | None) -> bool:
    """Whether a signal has stopped a process; where there is no /proc, nobody can tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"T", "t"}
    except (OSError, IndexError):
        return False


def serve(pipe: Connection, choice: ModelChoice, limits: Limits) -> None:
    """A worker's life: load the model, say so, then one job after the other until the pipe is closed.

    An exception that is none of the classifier's own ends the process: its state is not to be trusted any more.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    try:
        _warm_up_once_more()
        confine(limits.memory_bytes)
        classifier = load_classifier(choice)
    except ClassifierError as error:
        pipe.send(CannotStart(str(error)))
        return
    except Exception as error:
        pipe.send(CannotStart(f"{type(error).__name__}: {error}"))
        return
    with contextlib.suppress(EOFError, ConnectionError):  # the bot has closed its end
        pipe.send(Ready(facts_of(classifier)))
        while True:
            try:
                job: Job = pipe.recv()
                pipe.send(_TAKEN)
                limit_processor_time(limits.job_s)
                outcome: object = run_job(classifier, job)
            except (EOFError, ConnectionError):
                raise
            except Exception as error:
                pipe.send(Broke(f"{type(error).__name__}: {error}"[:200]))
                return
            pipe.send(outcome)
            del job, outcome
