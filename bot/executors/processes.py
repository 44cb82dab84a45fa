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
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ParamSpec, TypeVar

from bot.connections import ConnectionState
from bot.executors.executor import ModelUnusable, WorkerState
from bot.executors.queue import Waiting
from bot.executors.queueing import QueueingExecutor
from bot.executors.worker import TAKEN, Broke, CannotStart, Limits, Ready, serve
from bot.failures import Failure, FailureKind
from bot.jobs import Job, ModelChoice, Outcome
from classifier.pool import undisturbed
from classifier.process import set_up_process

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_RESTART_DELAY_S = 1.0
_KILL_WAIT_S = 2.0
_FORK_SERVER_DIED = 255
"""What multiprocessing says of a process whose end nobody is left to tell."""
_FAILED_STARTS = 5
"""So many workers that end before one of them has ever been ready end the start."""
_NOT_TAKEN = "not taken"


class ProcessExecutor(QueueingExecutor):
    """Runs jobs in worker processes of this machine, as `Executor` says."""

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
        super().__init__(queue_limit, ConnectionState())
        self._choice = choice
        self._count = workers
        self._job_timeout_s = job_timeout_s
        self._jobs_per_worker = jobs_per_worker
        self._slots: list[asyncio.Task[None]] = []
        self._limits = Limits(round(memory_mb * 1024 * 1024), job_timeout_s)
        self._workers: dict[int, _Worker] = {}
        self._failed_starts = 0

    @property
    def states(self) -> Sequence[WorkerState]:
        found = [self._workers.get(slot) for slot in range(self._count)]
        return [worker.state if worker else WorkerState.STARTING for worker in found]

    def start(self) -> None:
        set_up_process()
        multiprocessing.set_forkserver_preload(["bot.executors.preload"])
        self._slots = [asyncio.create_task(self._keep_worker(n), name=f"worker-{n}") for n in range(self._count)]

    async def close(self, *, grace_s: float = 5.0) -> None:
        await self._queue.close(grace_s=grace_s)
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)

    async def _keep_worker(self, slot: int) -> None:
        """Keep one worker alive, for as long as the pool is."""
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
                    self._is_first(hello.model)
                    await self._serve_with(worker)
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

    async def _serve_with(self, worker: "_Worker") -> None:
        """Hand jobs to a worker until it has done its share, failed, or died."""
        for _ in range(self._jobs_per_worker):
            waiting = await self._next_job(worker)
            if waiting is None:
                self.restarts += 1
                log.warning("A worker died while idle (%s); starting another", await _in_thread(worker.exit_reason))
                return
            if not await self._is_done(worker, waiting):
                self.restarts += 1
                return
            del waiting  # no audio is kept while the worker waits for the next job

    async def _is_done(self, worker: "_Worker", waiting: Waiting) -> bool:
        """Do one job and tell who asked; whether the worker is good for another. Where it died with the job, that goes
        to another one, once."""
        worker.is_busy = True
        try:
            with self._queue.being_done(waiting):
                outcome = await self._exchange(worker, waiting.job)
                if isinstance(outcome, Broke):
                    outcome = Failure(FailureKind.CRASHED, outcome.reason)
                if not isinstance(outcome, Outcome | Failure):
                    reason = await _in_thread(worker.exit_reason)
                    by_its_fault = outcome is not _NOT_TAKEN and not worker.was_killed
                    if waiting.may_be_tried_again(by_its_fault=by_its_fault):
                        log.warning("A worker died (%s); its file is given to another", reason)
                        self._queue.put_back(waiting)
                        return False
                    outcome = Failure(FailureKind.CRASHED, f"workers ended: {reason}")
                waiting.settle(outcome)
                return isinstance(outcome, Outcome)
        except asyncio.CancelledError:
            waiting.settle(Failure(FailureKind.STOPPING))
            raise
        finally:
            worker.is_busy = False

    async def _next_job(self, worker: "_Worker") -> Waiting | None:
        """The next job in the queue, or None as soon as the idle worker dies."""
        loop = asyncio.get_running_loop()
        died = asyncio.Event()
        loop.add_reader(worker.sentinel, died.set)
        taking, dying = asyncio.ensure_future(self._queue.take()), asyncio.ensure_future(died.wait())
        try:
            await asyncio.wait((taking, dying), return_when=asyncio.FIRST_COMPLETED)
            return taking.result() if taking.done() else None
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
        with undisturbed((signal.SIGINT,)):  # Ctrl-C reaches the whole group, also what still imports
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
        return self.receive() if first == TAKEN else _NOT_TAKEN

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


def _is_stopped(pid: int | None) -> bool:
    """Whether a signal has stopped a process; where there is no /proc, nobody can tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"T", "t"}
    except (OSError, IndexError):
        return False
