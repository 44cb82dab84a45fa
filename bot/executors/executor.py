"""What does the jobs: one interface, behind which it is this machine or a cluster."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from bot.connections import ConnectionState
from bot.failures import Failure, FailureKind
from bot.jobs import Job, ModelChoice, ModelFacts, Outcome

if TYPE_CHECKING:
    from config import Settings  # which a worker need not have


class WorkerState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    STOPPED = "stopped"
    """By a signal: it answers nobody until it goes on."""


class ModelUnusable(Exception):
    """No worker can ever start; the text says why."""


class Executor(Protocol):
    """Does jobs, so many at a time as it has workers; so many others wait. Use from one event loop."""

    @property
    def is_ready(self) -> bool:
        """Whether a worker has ever been ready; before that, jobs wait."""
        ...

    @property
    def model(self) -> ModelFacts | None:
        """The model that the workers have loaded; None before the first of them is ready."""
        ...

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        ...

    @property
    def running(self) -> int:
        """How many jobs a worker has."""
        ...

    @property
    def queue_limit(self) -> int:
        """How many jobs may wait."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether the queue takes no more."""
        ...

    @property
    def states(self) -> Sequence[WorkerState]:
        """What each worker is at now."""
        ...

    @property
    def restarts(self) -> int:
        """How many workers had to be replaced before their time."""
        ...

    @property
    def connection(self) -> ConnectionState:
        """How it stands with the scheduler of a cluster; off where the workers are this machine's."""
        ...

    def start(self) -> None:
        """Begin to start the workers; returns at once."""
        ...

    async def until_ready(self) -> ModelFacts:
        """Wait for the first worker; returns what it says of its model. Raises `ModelUnusable`."""
        ...

    def next_place(self) -> Callable[[], int]:
        """For the next job that is run: a function that tells how many jobs come before it."""
        ...

    async def run(self, job: Job) -> Outcome:
        """Do a job; raises `Failure` (busy, timeout, crashed, no workers, stopping)."""
        ...

    async def close(self, *, grace_s: float = 5.0) -> None:
        """Refuse what waits, give running jobs `grace_s` seconds, then end the workers."""
        ...


def executor_for(settings: "Settings") -> Executor:
    """The one that is set. Raises `Failure` (internal) where its packages are not installed."""
    choice = ModelChoice(settings.model, settings.model_bundle, settings.model_runtime)
    if settings.dask_scheduler:
        try:
            from bot.executors.cluster import ClusterExecutor
        except ImportError as error:
            raise Failure(FailureKind.INTERNAL, f"DASK_SCHEDULER needs the extra `cluster`: {error}") from error

        return ClusterExecutor(
            choice,
            scheduler=settings.dask_scheduler,
            tls=settings.dask_tls,
            job_timeout_s=settings.job_timeout_s,
            queue_limit=settings.queue_limit,
        )
    from bot.executors.processes import ProcessExecutor

    return ProcessExecutor(
        choice,
        workers=settings.workers,
        job_timeout_s=settings.job_timeout_s,
        jobs_per_worker=settings.jobs_per_worker,
        queue_limit=settings.queue_limit,
        memory_mb=settings.worker_memory_mb,
    )
