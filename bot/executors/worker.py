"""The life of a worker process: load the model, then one job after the other, and nothing else."""

import contextlib
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bot.confinement import confine, limit_processor_time
from bot.jobs import Job, ModelChoice, ModelFacts, facts_of, load_classifier, run_job
from classifier.errors import ClassifierError

TAKEN = "taken"
"""A worker's word that it holds the job now."""


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


def serve(pipe: Connection, choice: ModelChoice, limits: Limits) -> None:
    """A worker's life: load the model, say so, then one job after the other until the pipe is closed.

    An exception that is none of the classifier's own ends the process: its state is not to be trusted any more.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # what was blocked for it until now
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
                pipe.send(TAKEN)
                limit_processor_time(limits.job_s)
                outcome: object = run_job(classifier, job)
            except (EOFError, ConnectionError):
                raise
            except Exception as error:
                pipe.send(Broke(f"{type(error).__name__}: {error}"[:200]))
                return
            pipe.send(outcome)
            del job, outcome


def _warm_up_once_more() -> None:
    """Where that went wrong in the process that this one was forked from: what it keeps on disk, it could not later."""
    preload = sys.modules.get("bot.executors.preload")
    if preload is not None and not preload.is_warm:
        from classifier.warmup import warm_up

        warm_up()
