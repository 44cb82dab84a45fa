"""The bot as a process of its own, `python -m bot`, with settings and a folder for each test."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.discord_server import DiscordServer
from tests.support.telegram_server import TelegramServer

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """A running bot; `log` is complete once it has ended."""

    process: asyncio.subprocess.Process
    port: int
    lines: list[str]

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    async def until_logged(self, words: str) -> None:
        async with asyncio.timeout(40):
            while words not in self.log:  # noqa: ASYNC110  (the log is what tells it)
                await asyncio.sleep(0.02)

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def started(folder: Path, **environment: str) -> AsyncIterator[Process]:
    port = free_port()
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        env={
            **inherited,
            "PYTHONPATH": str(ROOT),
            "WEB_PORT": str(port),
            "WORKERS": "1",
            "MODEL": "reference",  # starts and answers in half the time; who means the other one says so
            "LOG_LEVEL": "DEBUG",
            "DATABASE_URL": f"sqlite:///{folder}/bot.sqlite3",
            **environment,
        },
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        cwd=folder,
    )
    lines: list[str] = []

    async def read() -> None:
        assert process.stderr
        while line := await process.stderr.readline():
            lines.append(line.decode().rstrip())

    reading = asyncio.create_task(read())
    try:
        yield Process(process, port, lines)
    finally:
        with contextlib.suppress(ProcessLookupError):  # its workers, too: a stopped one would hold its log open
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await reading


def discord_settings(server: DiscordServer) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": server.token,
        "DISCORD_API_BASE": server.api_base,
        "DISCORD_GATEWAY_URL": server.gateway_url,
    }


def telegram_settings(server: TelegramServer) -> dict[str, str]:
    return {
        "TELEGRAM_TOKEN": server.token,
        "TELEGRAM_BASE_URL": server.base_url,
        "TELEGRAM_BASE_FILE_URL": server.base_file_url,
    }
