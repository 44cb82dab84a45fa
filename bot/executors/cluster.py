"""Jobs on a Dask cluster: the same as in worker processes here, in as many places as there are.

The scheduler may be anywhere, and may go and come back; so may each of its workers. The bytes of a file go from here to
the worker that reads them, not through the scheduler. A worker that does not answer in time ends itself
(`bot.executors.remote`); one that died loses nobody's job but that of a file that has ended two.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import distributed
from distributed.client import FutureCancelledError

from bot.connections import ConnectionState, ConnectionStatus
from bot.executors.executor import WorkerState
from bot.executors.queue import Waiting
from bot.executors.queueing import QueueingExecutor
from bot.executors.remote import Errand, Unfit, fingerprint, prepare, run_remotely
from bot.executors.worker import Broke
from bot.failures import Failure, FailureKind
from bot.jobs import ClipJob, Job, ModelChoice, Outcome
from classifier.quiet import quieten
from config.settings import TlsFiles

log = logging.getLogger(__name__)

_CONNECT_S = 5.0
_CLOSE_S = 2.0
_DEFAULT_PORT = 8786
_AGAIN_AFTER_S = 1.0
_LOOK_EVERY_S = 0.5
"""How often it is looked which workers there are."""
_WITHOUT_WORKERS_S = 10.0
"""So long a cluster may have none, while they are started anew."""
_PREPARED_S = 120.0
"""A worker has loaded the model by then."""
_LATE_S = 2.0
"""A worker ends its own job in time, and has so much longer to say so."""


class _Lost(Exception):
    """The worker has gone, or what was sent to it."""


@dataclass(slots=True)
class _Remote:
    """A worker of the cluster, with a lane for each of its threads."""

    threads: int
    states: list[WorkerState] = field(default_factory=list)
    lanes: list[asyncio.Task[None]] = field(default_factory=list)


class ClusterExecutor(QueueingExecutor):
    """Runs jobs on the workers of a Dask scheduler, as `Executor` says."""

    def __init__(
        self,
        choice: ModelChoice,
        *,
        scheduler: str,
        tls: TlsFiles | None,
        job_timeout_s: float,
        queue_limit: int,
    ) -> None:
        super().__init__(queue_limit, ConnectionState(ConnectionStatus.CONNECTING))
        quieten("distributed")  # it has a traceback for whatever goes and comes back: here that is told in one line
        self._choice = choice
        self._fingerprint = fingerprint(choice)
        self._scheduler = scheduler
        self._security = _security(tls)
        self._job_timeout_s = job_timeout_s
        self._remotes: dict[str, _Remote] = {}
        self._unfit: dict[str, str] = {}
        self._begun: dict[str, asyncio.Event] = {}
        self._topic = f"genre-bot-{secrets.token_hex(8)}"
        self._keeper: asyncio.Task[None] | None = None
        self._is_closing = False

    @property
    def states(self) -> Sequence[WorkerState]:
        return [state for remote in self._remotes.values() for state in remote.states]

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep_connected(), name="cluster")

    async def run(self, job: Job) -> Outcome:
        if self.connection.reason:
            raise Failure(FailureKind.NO_WORKERS, self.connection.reason)
        return await super().run(job)

    async def close(self, *, grace_s: float = 5.0) -> None:
        await self._queue.close(grace_s=grace_s)
        self._is_closing = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,), timeout=_CLOSE_S)

    async def _keep_connected(self) -> None:
        """Connect, and again whenever the scheduler has gone, for as long as the bot runs."""
        while not self._is_closing:  # while it connects, Dask's client does not hear that it is to end
            try:
                await _knock(self._scheduler)
                async with self._connected() as client:
                    log.info("Dask: connected to %s", self._scheduler)
                    with contextlib.suppress(OSError):
                        await self._serve_with(client)
                    self._fail_all(f"{self._scheduler} has gone")
            except Exception as error:  # of whatever library: this goes on for as long as the bot does
                reason = getattr(error, "strerror", None) or _in_one_line(error)
                self._fail_all(f"{self._scheduler} cannot be reached: {reason}")
            await asyncio.sleep(_AGAIN_AFTER_S)

    def _fail_all(self, problem: str) -> None:
        """Nothing can be done now: whoever waits hears that, and so does the log, once."""
        if problem != self.connection.reason:
            log.error("Dask: %s; trying on", problem)
        self.connection.connecting(problem)
        self._queue.refuse_all(FailureKind.NO_WORKERS, problem)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator["distributed.Client"]:
        client = distributed.Client(
            self._scheduler,
            asynchronous=True,
            security=self._security,
            timeout=_CONNECT_S,
            name="genre-bot",
            set_as_default=False,
            direct_to_workers=True,
        )
        try:
            await client
            client.subscribe_topic(self._topic, self._on_begun)
            yield client
        finally:
            with contextlib.suppress(Exception):  # whatever it could not say any more
                await client.close(timeout=_CLOSE_S)

    async def _on_begun(self, event: tuple[float, dict[str, Any]]) -> None:
        """A worker says that it works on a job now."""
        if begun := self._begun.get(str(event[1].get("job"))):
            begun.set()

    async def _serve_with(self, client: "distributed.Client") -> None:
        """Keep a lane to each thread of each worker, until the scheduler has gone."""
        seen_s = asyncio.get_running_loop().time()
        try:
            while client.status == "running":
                assert client.scheduler is not None
                found = (await client.scheduler.identity(n_workers=-1))["workers"]
                for address in self._remotes.keys() - found.keys():
                    await self._drop(address)
                for address in self._unfit.keys() - found.keys():
                    del self._unfit[address]
                for address, about in found.items():
                    if address not in self._remotes and address not in self._unfit:
                        self._open_lanes(client, address, int(about["nthreads"]))
                now_s = asyncio.get_running_loop().time()
                seen_s = now_s if self._remotes else seen_s
                if self._remotes:
                    self.connection.connected()
                elif self._unfit:
                    self._fail_all(f"no worker of {self._scheduler} is fit: {next(iter(self._unfit.values()))}")
                elif now_s - seen_s > _WITHOUT_WORKERS_S or self.connection.reason:
                    self._fail_all(f"{self._scheduler} has no workers")
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            for address in list(self._remotes):
                await self._drop(address)
            self._unfit.clear()

    def _open_lanes(self, client: "distributed.Client", address: str, threads: int) -> None:
        remote = _Remote(threads, [WorkerState.STARTING] * threads)
        self._remotes[address] = remote
        remote.lanes.append(asyncio.create_task(self._prepared(client, address, remote), name=f"lanes-{address}"))

    async def _drop(self, address: str) -> None:
        """A worker has gone; what it had is put back by its lanes."""
        remote = self._remotes.pop(address, None)
        if remote is None:  # it was found unfit meanwhile
            return
        if WorkerState.STARTING not in remote.states:
            self.restarts += 1
            log.warning("Dask: the worker at %s has gone", address)
        for lane in remote.lanes:
            lane.cancel()
        await asyncio.gather(*remote.lanes, return_exceptions=True)

    async def _prepared(self, client: "distributed.Client", address: str, remote: _Remote) -> None:
        """Let a worker load the model; with the same one as here it gets lanes, and else none."""
        key = f"genre-bot-prepare-{secrets.token_hex(8)}"
        future = client.submit(
            prepare, self._choice, self._fingerprint, key=key, workers=[address], pure=False, priority=10
        )
        try:
            async with asyncio.timeout(_PREPARED_S):
                found = await future
        except TimeoutError:
            found = Unfit(f"it has not loaded the model within {_PREPARED_S:g} s")
        except (FutureCancelledError, distributed.KilledWorker):
            self._remotes.pop(address, None)  # it has gone, or is asked once more
            return
        except Exception as error:  # of whatever kind: it came from the worker
            found = Unfit(_in_one_line(error))
        finally:
            future.release()
        if isinstance(found, Unfit):
            log.error("Dask: the worker at %s is not used: %s", address, found.reason)
            self._unfit[address] = f"{address}: {found.reason}"
            self._remotes.pop(address, None)
            return
        self._is_first(found)
        log.info("Dask: the worker at %s is ready", address)
        remote.states[:] = [WorkerState.READY] * remote.threads
        for thread in range(remote.threads):
            lane = self._serve_thread(client, address, remote.states, thread)
            remote.lanes.append(asyncio.create_task(lane, name=f"lane-{address}-{thread}"))

    async def _serve_thread(
        self, client: "distributed.Client", address: str, states: list[WorkerState], thread: int
    ) -> None:
        """One job after the other for one thread of a worker, for as long as there is that worker."""
        while True:
            states[thread] = WorkerState.READY
            waiting = await self._queue.take()
            states[thread] = WorkerState.BUSY
            with self._queue.being_done(waiting):
                is_lost = not await self._is_settled(client, address, waiting)
            del waiting  # no audio is kept while the worker waits for the next job
            if is_lost:  # whether the worker is still there is known soon
                await asyncio.sleep(2 * _LOOK_EVERY_S)

    async def _is_settled(self, client: "distributed.Client", address: str, waiting: Waiting) -> bool:
        """Do one job and tell who asked; False where the worker went away with it, and another is to have it, once."""
        begun = asyncio.Event()
        try:
            waiting.settle(await self._outcome(client, address, waiting.job, begun))
        except Failure as failure:
            waiting.settle(failure)
        except _Lost as lost:
            return self._is_given_up(client, waiting, str(lost), is_begun=begun.is_set())
        except asyncio.CancelledError:  # the lane's: there is no such worker any more, no scheduler, or no bot
            self._is_given_up(client, waiting, f"{address} has gone", is_begun=begun.is_set())
            raise
        except Exception as error:  # of whatever library: the lane lives on
            waiting.settle(Failure(FailureKind.INTERNAL, _in_one_line(error)))
        return True

    def _is_given_up(self, client: "distributed.Client", waiting: Waiting, reason: str, *, is_begun: bool) -> bool:
        """Whether a job whose worker has gone is not tried again."""
        if self._is_closing:
            waiting.settle(Failure(FailureKind.STOPPING))
        elif client.status != "running":
            waiting.settle(Failure(FailureKind.NO_WORKERS, f"{self._scheduler} has gone"))
        elif waiting.may_be_tried_again(by_its_fault=is_begun):
            log.warning("Dask: a worker has gone (%s); its file is given to another", reason)
            self._queue.put_back(waiting)
            return False
        else:
            waiting.settle(Failure(FailureKind.CRASHED, f"workers ended: {reason}"))
        return True

    async def _outcome(self, client: "distributed.Client", address: str, job: Job, begun: asyncio.Event) -> Outcome:
        """What one worker makes of a job. Raises `_Lost`, and `Failure` (timeout, crashed)."""
        number = secrets.token_hex(8)
        self._begun[number] = begun
        errand = Errand(number, self._topic, self._job_timeout_s)
        held: list[Any] = []
        limit: asyncio.Timeout | None = None
        work: asyncio.Task[Outcome | Broke] = asyncio.create_task(self._worked(client, address, job, errand, held))
        started = asyncio.create_task(begun.wait())
        try:
            await asyncio.wait((work, started), return_when=asyncio.FIRST_COMPLETED)
            limit = asyncio.timeout(self._job_timeout_s + _LATE_S)
            async with limit:
                outcome = await work
        except (FutureCancelledError, distributed.KilledWorker, OSError) as error:
            if limit is not None and limit.expired():
                raise Failure(FailureKind.TIMEOUT, f"no answer within {self._job_timeout_s:g} s") from None
            raise _Lost(_in_one_line(error)) from error
        finally:
            del self._begun[number]
            started.cancel()
            work.cancel()
            for future in held:
                future.release()
        if isinstance(outcome, Broke):
            raise Failure(FailureKind.CRASHED, outcome.reason)
        return outcome

    async def _worked(
        self, client: "distributed.Client", address: str, job: Job, errand: Errand, held: list[Any]
    ) -> Outcome | Broke:
        """Send the bytes, then the job. What the cluster keeps for it goes into `held`, to be released."""
        content: Any = b""
        if isinstance(job, ClipJob):
            content = await client.scatter(job.content, workers=[address], direct=True, hash=False)
            held.append(content)
            job = replace(job, content=b"")
        future = client.submit(
            run_remotely,
            self._choice,
            errand,
            job,
            content,
            key=f"genre-bot-{errand.number}",
            workers=[address],
            pure=False,
        )
        held.append(future)
        return await future


async def _knock(scheduler: str) -> None:
    """Whether anybody listens there. Raises `OSError` at once where nobody does; Dask would try for a while."""
    address = urlsplit(scheduler)
    async with asyncio.timeout(_CONNECT_S):
        _, writer = await asyncio.open_connection(address.hostname, address.port or _DEFAULT_PORT)
    writer.close()


def _security(tls: TlsFiles | None) -> "distributed.Security | None":
    if tls is None:
        return None
    files = {"tls_ca_file": str(tls.ca_file), "tls_client_cert": str(tls.cert), "tls_client_key": str(tls.key)}
    return distributed.Security(require_encryption=True, **files)


def _in_one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
