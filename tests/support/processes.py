"""The processes of a bot as the operating system sees them, and ways to hold them up."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def worker_pids() -> list[int]:
    """Processes that were forked from our fork server and are alive."""
    return workers_of(os.getpid())


def workers_of(bot: int) -> list[int]:
    """Living children of the children of a process."""
    return [pid for child in children_of(bot) for pid in children_of(child) if is_alive(pid)]


def children_of(parent: int) -> list[int]:
    """What a process has started and not waited for."""
    found: list[int] = []
    for thread in Path(f"/proc/{parent}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, thread.read_text().split())
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def blocked_signals(pid: int) -> int:
    """A bit for each signal that a process does not hear now, the lowest for signal 1."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigBlk:"))


async def until_another_worker(old: list[int]) -> list[int]:
    for _ in range(400):
        if pids := [pid for pid in worker_pids() if pid not in old]:
            return pids
        await asyncio.sleep(0.05)
    raise AssertionError("no other worker came")


def freeze(pid: int) -> None:
    """Stops a process, and comes back when it has: until then it may still do something."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline, "it was told to stop and did not"
        time.sleep(0.001)


async def until(found: Callable[[], object], *, timeout_s: float = 60.0) -> None:
    """Wait until a function says yes."""
    async with asyncio.timeout(timeout_s):
        while not found():  # noqa: ASYNC110  (it is asked, not told)
            await asyncio.sleep(0.02)
