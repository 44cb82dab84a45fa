"""Three pools of worker processes under the same bad luck: the bot's own, pebble's and loky's.

Shows what decision 0001 rests on; no part of the program. From the repository's root, on Linux:

    .venv/bin/pip install pebble loky && .venv/bin/python -m docs.decisions.pools

Each case runs in a process of its own with two workers that do the bot's real work on a three-second window. The
column "others" tells what a person sees who has sent a healthy file meanwhile.
"""

import asyncio
import collections
import contextlib
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from bot.jobs import ClipJob, ModelChoice, load_classifier, run_clip

WORKERS = 2
JOB_TIMEOUT_S = 10.0
PATIENCE_S = 45.0
"""How long a case waits for an outcome before it says that none came."""

CASE_LIMIT_S = 240.0
CHOICE = ModelChoice("default", None, "litert")


class Hanging:
    """A job that never comes back from native code: no signal handler of Python runs meanwhile."""

    content = b""

    @property
    def offset_s(self) -> float:
        collections.deque(itertools.repeat(None), maxlen=0)
        raise AssertionError


class Killed:
    """A job during which the kernel takes the worker's memory back."""

    content = b""

    @property
    def offset_s(self) -> float:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class Pool(Protocol):
    """What the cases need of a pool."""

    async def run(self, job: Any) -> object: ...
    async def close(self) -> None: ...


class OwnPool:
    """The bot's: `bot/executors/processes.py`."""

    def __init__(self) -> None:
        from bot.executors.processes import ProcessExecutor

        self._pool = ProcessExecutor(
            CHOICE, workers=WORKERS, job_timeout_s=JOB_TIMEOUT_S, jobs_per_worker=1000, queue_limit=32
        )
        self._pool.start()

    async def run(self, job: Any) -> object:
        return await self._pool.run(job)

    async def close(self) -> None:
        await self._pool.close()


_classifier: Any = None


def initialise() -> None:
    """In a worker of pebble or loky: load the model once."""
    global _classifier  # noqa: PLW0603
    _classifier = load_classifier(CHOICE)


def work(job: Any) -> object:
    """In a worker of pebble or loky: what the bot's workers do."""
    return run_clip(_classifier, job)


def warm_context() -> Any:
    """Processes forked from one that has imported the classifier, as the bot's own pool has them."""
    multiprocessing.set_forkserver_preload(["bot.executors.preload"])
    return multiprocessing.get_context("forkserver")


class PebblePool:
    """pebble.ProcessPool: a time limit for each job; one pipe each way, shared by all workers."""

    def __init__(self) -> None:
        from pebble import ProcessPool

        self._pool = ProcessPool(max_workers=WORKERS, initializer=initialise, context=warm_context())

    async def run(self, job: Any) -> object:
        return await asyncio.wrap_future(self._pool.schedule(work, args=(job,), timeout=JOB_TIMEOUT_S))

    async def close(self) -> None:
        self._pool.stop()


class LokyPool:
    """loky's reusable executor, made anew when it is broken; it has no time limit for a job."""

    def __init__(self) -> None:
        self._executor()

    def _executor(self) -> Any:
        from loky import get_reusable_executor

        return get_reusable_executor(max_workers=WORKERS, timeout=None, initializer=initialise, context=warm_context())

    async def run(self, job: Any) -> object:
        return await asyncio.wrap_future(self._executor().submit(work, job))

    async def close(self) -> None:
        self._executor().shutdown(kill_workers=True)


POOLS: dict[str, Callable[[], Pool]] = {"own": OwnPool, "pebble": PebblePool, "loky": LokyPool}


def descendants(pid: int) -> list[int]:
    """Living processes below a process."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, pending = [], [pid]
    while pending:
        below = children.get(pending.pop(), [])
        found += below
        pending += below
    return found


def memory_mb(pid: int, kind: str) -> float:
    """A process's memory by the kernel's word: `Rss`, or `Pss` with shared pages divided among their users."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(kind)


def worker_pids() -> list[int]:
    """The processes that hold a model: the two largest that have no children."""
    leaves = [pid for pid in descendants(os.getpid()) if not descendants(pid)]
    return sorted(leaves, key=lambda pid: memory_mb(pid, "Rss"), reverse=True)[:WORKERS]


async def outcome_of(job: Awaitable[object]) -> str:
    """How a job ended and after how long."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_S):
            answer = await job
        text = type(answer).__name__
    except TimeoutError as error:
        text = "pebble's TimeoutError" if error.args else "no outcome"
    except BaseException as error:
        text = f"{type(error).__name__} {getattr(error, 'kind', '')}".strip()
    return f"{text} after {time.monotonic() - started:.1f} s"


class Neighbour:
    """Somebody who sends healthy files one after the other."""

    def __init__(self, pool: Pool, content: bytes) -> None:
        self._pool, self._content = pool, content
        self._failures: collections.Counter[str] = collections.Counter()
        self._longest_s, self._answers, self._sent_at_s = 0.0, 0, time.monotonic()
        self._task = asyncio.ensure_future(self._send())

    async def _send(self) -> None:
        while True:
            self._sent_at_s = time.monotonic()
            try:
                await self._pool.run(ClipJob(self._content, 10.0))
                self._answers += 1
            except Exception as error:
                self._failures[type(error).__name__] += 1
                await asyncio.sleep(0.2)
            self._longest_s = max(self._longest_s, time.monotonic() - self._sent_at_s)

    async def report(self) -> str:
        longest_s = max(self._longest_s, time.monotonic() - self._sent_at_s)  # one may still wait
        self._task.cancel()
        await asyncio.wait([self._task], timeout=1.0)
        failed = ", ".join(f"{number} × {name}" for name, number in self._failures.items()) or "none failed"
        return f"{self._answers} answered, {failed}, longest wait {longest_s:.1f} s"


async def start(pool: Pool, content: bytes) -> str:
    """Wait until both workers have surely answered."""
    started = time.monotonic()
    await pool.run(ClipJob(content, 10.0))
    first_s = time.monotonic() - started
    for _ in range(10):
        await asyncio.gather(*(pool.run(ClipJob(content, 10.0)) for _ in range(2 * WORKERS)))
    return f"first answer after {first_s:.1f} s"


async def case_start(pool: Pool, content: bytes) -> str:
    said = await start(pool, content)
    await asyncio.sleep(1.0)
    pids = worker_pids()
    total = sum(memory_mb(pid, "Pss") for pid in descendants(os.getpid()))
    return f"{said}; {sum(memory_mb(p, 'Pss') for p in pids) / WORKERS:.0f} MB a worker, {total:.0f} MB in all"


async def with_neighbour(pool: Pool, content: bytes, trouble: Callable[[], Awaitable[str]]) -> str:
    """Some trouble while somebody else sends healthy files, and what a job finds afterwards."""
    await start(pool, content)
    neighbour = Neighbour(pool, content)
    await asyncio.sleep(0.5)
    said = await trouble()
    await asyncio.sleep(1.0)
    others = await neighbour.report()
    after = await outcome_of(pool.run(ClipJob(content, 20.0)))
    return f"{said} | {others} | {after}"


async def case_hang(pool: Pool, content: bytes) -> str:
    return await with_neighbour(pool, content, lambda: outcome_of(pool.run(Hanging())))


async def case_killed(pool: Pool, content: bytes) -> str:
    return await with_neighbour(pool, content, lambda: outcome_of(pool.run(Killed())))


async def case_killed_idle(pool: Pool, content: bytes) -> str:
    await start(pool, content)
    await asyncio.sleep(1.0)
    os.kill(worker_pids()[0], signal.SIGKILL)
    await asyncio.sleep(2.0)
    return f"– | – | {await outcome_of(pool.run(ClipJob(content, 20.0)))}"


async def case_large(pool: Pool, content: bytes) -> str:
    large = ClipJob(content + bytes(80_000_000), 10.0)
    return await with_neighbour(pool, content, lambda: outcome_of(pool.run(large)))


async def case_killed_receiving(pool: Pool, content: bytes) -> str:
    """The kernel kills where memory grows: a worker that is just reading a large file from its pipe."""
    large = ClipJob(content + bytes(80_000_000), 10.0)

    async def trouble() -> str:
        pids = {pid: memory_mb(pid, "Rss") for pid in worker_pids()}
        job = asyncio.ensure_future(outcome_of(pool.run(large)))
        while not job.done():
            await asyncio.sleep(0.001)
            grown = [pid for pid, before in pids.items() if memory_mb(pid, "Rss") > before + 8]
            if grown:
                os.kill(grown[0], signal.SIGKILL)
                return await job
        return f"not killed: {await job}"

    return await with_neighbour(pool, content, trouble)


CASES: dict[str, Callable[[Pool, bytes], Awaitable[str]]] = {
    "start": case_start,
    "hang": case_hang,
    "killed": case_killed,
    "killed-idle": case_killed_idle,
    "large": case_large,
    "killed-receiving": case_killed_receiving,
}


async def run_case(name: str, pool_name: str) -> None:
    from tests.support.audio import dance_track, mp3

    pool = POOLS[pool_name]()
    print(await CASES[name](pool, mp3(dance_track(40.0))), flush=True)
    for pid in descendants(os.getpid()):  # however broken a pool is, nothing outlives its case
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(0)


def main() -> None:
    if len(sys.argv) == 3:  # one case, one pool
        asyncio.run(run_case(*sys.argv[1:]))
    print("| case | pool | outcome of the troubled job | others meanwhile | the next job |\n|---|---|---|---|---|")
    for case in CASES:
        for pool in POOLS:
            command = [sys.executable, "-m", "docs.decisions.pools", case, pool]
            try:
                run = subprocess.run(command, capture_output=True, text=True, timeout=CASE_LIMIT_S, check=False)
                said = run.stdout.strip() or f"stopped with {run.stderr.strip().splitlines()[-1]}"
            except subprocess.TimeoutExpired:
                said = f"nothing within {CASE_LIMIT_S:g} s"
            print(f"| {case} | {pool} | {said} |", flush=True)


if __name__ == "__main__":
    from docs.decisions.pools import main as imported_main  # so that jobs are pickled under the module's own name

    imported_main()
