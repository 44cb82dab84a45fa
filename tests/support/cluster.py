"""A real Dask cluster on 127.0.0.1, in processes of its own: what `dask scheduler` and `dask worker` start."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from tests.support.bot_process import free_port
from tests.support.processes import children_of


class Cluster:
    """A scheduler and its workers, each of which can be killed; `folder` has their logs and whatever they write."""

    def __init__(self, folder: Path, *, tls: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._port = free_port()
        self._tls = [part for name, value in (tls or {}).items() for part in (f"--{name}", value)]
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self._port}"
        self._scheduler: subprocess.Popen[bytes] | None = None
        self._nannies: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        self.start_scheduler()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        self.stop_scheduler()
        for nanny in self._nannies:
            _end(nanny)

    @property
    def log(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self._folder.glob("*.log")))

    def start_scheduler(self) -> None:
        arguments = ["dask_scheduler", "--host", "127.0.0.1", "--port", str(self._port), *self._tls]
        self._scheduler = self._started("scheduler", *arguments)

    def stop_scheduler(self) -> None:
        if self._scheduler is not None:
            _end(self._scheduler)
            self._scheduler = None

    def start_worker(self, *, nanny: bool = True, **environment: str) -> None:
        """One more worker, which a nanny, a process of its own, starts anew whenever it ends."""
        number = len(self._nannies)
        arguments = ["dask_worker", self.address, "--nthreads", "1", "--nanny" if nanny else "--no-nanny", *self._tls]
        arguments += ["--local-directory", str(self._folder / f"worker-{number}"), "--death-timeout", "60"]
        self._nannies.append(self._started(f"worker-{number}", *arguments, **environment))

    def worker_pid(self, number: int) -> int:
        """Of the worker itself, which its nanny has started."""
        (pid,) = [pid for pid in children_of(self._nannies[number].pid) if b"spawn_main" in _command_line(pid)]
        return pid

    def kill_worker(self, number: int) -> None:
        os.kill(self.worker_pid(number), signal.SIGKILL)

    def written(self) -> list[Path]:
        """What workers have put on the disk beside their logs, with something in it."""
        return [path for path in self._folder.rglob("worker-*/**/storage/*") if path.is_file()]

    def _started(self, name: str, module: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *arguments],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **environment},
            )


@contextlib.asynccontextmanager
async def cluster_of(folder: Path, workers: int, **options: dict[str, str]) -> AsyncIterator[Cluster]:
    """A cluster of workers that nobody starts anew."""
    async with Cluster(folder, **options) as cluster:
        for _ in range(workers):
            cluster.start_worker(nanny=False)
        yield cluster


def _command_line(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
