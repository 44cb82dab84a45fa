"""What runs on a worker of a Dask cluster. It needs neither tokens nor a database, and writes nothing to its disk."""

import asyncio
import contextlib
import hashlib
import importlib.util
import math
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Worker, get_worker

from bot.confinement import limit_processor_time
from bot.executors.worker import Broke
from bot.jobs import ClipJob, Job, ModelChoice, ModelFacts, Outcome, facts_of, load_classifier, run_job
from classifier.errors import ClassifierError
from classifier.process import keep_freed_memory, set_up_process

if TYPE_CHECKING:
    from classifier.pipeline import GenreClassifier

_TELLS_WITHIN_S = 10.0
_METADATA_FILE = "metadata.json"


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a worker gets no jobs."""

    reason: str


@dataclass(frozen=True, slots=True)
class Errand:
    """A job's number, where it is to be said that it is begun, and how long it may take."""

    number: str
    topic: str
    limit_s: float


def fingerprint(choice: ModelChoice) -> str:
    """SHA-256 (hexadecimal) of a bundle's metadata, which hold those of its networks; empty where there is none."""
    found = importlib.util.find_spec("classifier")
    shipped = Path(found.origin).parent / "bundles" / choice.name if found and found.origin else Path()
    try:
        return hashlib.sha256(((choice.bundle or shipped) / _METADATA_FILE).read_bytes()).hexdigest()
    except OSError:
        return ""


def prepare(choice: ModelChoice, wanted: str) -> ModelFacts | Unfit:
    """Make a worker ready: the same model as the bot has, loaded and warm."""
    if fingerprint(choice) != wanted:
        return Unfit("its model is not the bot's: install the same version of this project, and MODEL_BUNDLE, on both")
    set_up_process()
    keep_freed_memory()
    if not _keeps_to_memory(get_worker()):
        return Unfit(
            "it would put files on its disk: start it with DASK_DISTRIBUTED__WORKER__MEMORY__TARGET=false and"
            " DASK_DISTRIBUTED__WORKER__MEMORY__SPILL=false"
        )
    from classifier.warmup import warm_up

    warm_up()
    try:
        return facts_of(_classifier(choice))
    except ClassifierError as error:
        return Unfit(str(error))


def run_remotely(choice: ModelChoice, errand: Errand, job: Job, content: bytes) -> Outcome | Broke:
    """Do a job whose bytes came apart from it. A worker that needs too long for it ends, and is started anew."""
    try:
        with _limited(errand.limit_s):
            _say_begun(get_worker(), errand)
            return run_job(_classifier(choice), replace(job, content=content) if isinstance(job, ClipJob) else job)
    except Exception as error:  # of whatever kind: Dask would write the job's bytes into its log
        return Broke(f"{type(error).__name__}: {error}"[:200])


@lru_cache(maxsize=2)
def _classifier(choice: ModelChoice) -> "GenreClassifier":
    return load_classifier(choice)


@contextlib.contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    """Nobody can stop a thread, so after `limit_s` the process ends; after so much of the processor's time the system
    ends it, whatever it is doing."""
    end = threading.Timer(limit_s, os._exit, (1,))
    end.daemon = True
    end.start()
    limit_processor_time(2 * limit_s)
    try:
        yield
    finally:
        end.cancel()
        limit_processor_time(math.inf)


def _say_begun(worker: Worker, errand: Errand) -> None:
    """Tell the bot, through the scheduler, and be sure that it has been told: what comes now may end this process."""
    message = {"job": errand.number}
    loop: Any = worker.loop  # Tornado's, around one of asyncio
    telling = worker.scheduler.log_event(topic=errand.topic, msg=message)
    asyncio.run_coroutine_threadsafe(telling, loop.asyncio_loop).result(_TELLS_WITHIN_S)


def _keeps_to_memory(worker: Worker) -> bool:
    """Have a worker put nothing on its disk, as Dask would where memory gets short; whether that is so."""
    manager = worker.memory_manager
    manager.memory_target_fraction = manager.memory_spill_fraction = False
    fast = getattr(worker.data, "fast", None)
    if fast is not None:
        fast.n = math.inf
    return fast is None or math.isinf(fast.n)
