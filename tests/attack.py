"""Attacks on a running bot: `python -m tests.attack [--minutes 10]`; a short form runs with the tests.

Forms of hundreds of thousands of pieces, packed bodies, endless fields, clients that trickle or say nothing, damaged
files of 13 formats, and killed, stopped and orphaned workers, several at a time. Meanwhile somebody asks the page for
the genre of a track every second or so. All of them have to be answered, or told that it is busy; what is not is named,
and the exit code is 1.
"""

import argparse
import asyncio
import contextlib
import gzip
import io
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.classifier.mutate import mutated
from tests.support.audio import dance_track, mp3
from tests.support.bot_process import Process, started
from tests.support.processes import freeze, parent_of, workers_of

_TYPE = "multipart/form-data; boundary=x"
_END = b"--x--\r\n"
_AT_ONCE = 4
_ASK_EVERY_S = 1.0
_LONGEST_S = 20.0
"""In which a track has to be answered: a worker may have been killed or stopped under it."""
_FINE = frozenset({200, 503})
_SETTINGS = {"MODEL": "default", "WORKERS": "2", "LOG_LEVEL": "INFO", "MAX_HELD_MB": "200", "JOB_TIMEOUT_S": "10"}


@dataclass
class Report:
    """What came of it."""

    attacks: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slowest_page_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    most_mb: float = 0.0


@dataclass(frozen=True)
class Target:
    """The bot that is attacked."""

    bot: Process
    track: bytes

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.bot.port}"


def part(name: str, content: bytes, filename: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"


async def _post(target: Target, body: bytes | AsyncIterator[bytes], **headers: str) -> int:
    data = io.BytesIO(body) if isinstance(body, bytes) else body
    limit = aiohttp.ClientTimeout(total=60)
    async with (
        aiohttp.ClientSession(timeout=limit) as http,
        http.post(f"{target.page}/api/classify", data=data, headers={"Content-Type": _TYPE, **headers}) as response,
    ):
        await response.read()
        return response.status


async def many_parts(target: Target) -> None:
    await _post(
        target, random.choice((part("a", b"") * 200_000, b"--x\r\n" + b"A: b\r\n" * 300_000, b"\r\n" * 900_000))
    )


async def packed(target: Target) -> None:
    bomb = gzip.compress(part("file", bytes(80_000_000), "a.mp3") + _END)
    await _post(target, bomb, **{"Content-Encoding": "gzip"})


async def endless_field(target: Target) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n'
        for _ in range(2_000):
            yield bytes(500_000)

    await _post(target, body())


async def trickle(target: Target) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield part("file", b"", "a.mp3")[:-2]
        for _ in range(40):
            await asyncio.sleep(0.5)
            yield b"x"

    await _post(target, body())


async def silent_connections(target: Target) -> None:
    """Many that say nothing, or half of a head."""
    opened = []
    for number in range(150):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", target.bot.port)
            opened.append(writer)
            if number % 2:
                writer.write(b"POST /api/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-")
    await asyncio.sleep(random.uniform(1.0, 4.0))
    for writer in opened:
        writer.close()


async def damaged_files(target: Target) -> None:
    for _ in range(20):
        _, content = mutated(random.randrange(10**6))
        whole = part("whole_track", b"1") if random.random() < 0.3 else b""
        status = await _post(target, whole + part("file", content, "a.mp3") + _END)
        if status == 500:
            raise AssertionError("a damaged file was answered by an error of our own")


async def large_files(target: Target) -> None:
    """Several at once of what looks like hours of music."""
    content = target.track * 60
    await asyncio.gather(*(_post(target, part("file", content[: -1 - n], "a.mp3") + _END) for n in range(4)))


async def killed_worker(target: Target) -> None:
    if pids := workers_of(target.bot.process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(pids), random.choice((signal.SIGKILL, signal.SIGTERM)))


async def stopped_worker(target: Target) -> None:
    if pids := workers_of(target.bot.process.pid):
        pid = random.choice(pids)
        with contextlib.suppress(ProcessLookupError):
            freeze(pid)
            await asyncio.sleep(2.0)
            os.kill(pid, signal.SIGCONT)


async def killed_fork_server(target: Target) -> None:
    if pids := workers_of(target.bot.process.pid):
        with contextlib.suppress(ProcessLookupError, OSError):
            os.kill(parent_of(pids[0]), signal.SIGKILL)


ATTACKS: tuple[Callable[[Target], Awaitable[None]], ...] = (
    many_parts, packed, endless_field, trickle, silent_connections, damaged_files, large_files, killed_worker,
    stopped_worker, killed_fork_server,
)  # fmt: skip


async def _attack(target: Target, report: Report, until_s: float) -> None:
    while time.monotonic() < until_s:
        attack = random.choice(ATTACKS)
        report.attacks[attack.__name__] += 1
        try:
            await attack(target)
        except (aiohttp.ClientError, OSError, TimeoutError):
            pass  # turned away: that is for the bot to decide
        except AssertionError as error:
            report.wrong.append(str(error))
        await asyncio.sleep(random.uniform(0.0, 0.5))


async def _ask(target: Target, report: Report, until_s: float) -> None:
    """Somebody who wants to know the genre of a track, and looks at the page."""
    number = 0
    while time.monotonic() < until_s:
        number += 1
        started_s = time.monotonic()
        try:
            async with asyncio.timeout(_LONGEST_S):
                status = await _post(target, part("file", target.track[: -1 - number], "a.mp3") + _END)
            report.answers[status] += 1
            if status not in _FINE:
                report.wrong.append(f"a track was answered with {status}")
        except (aiohttp.ClientConnectionError, ConnectionError):
            report.answers[503] += 1  # turned away at the door
        except TimeoutError:
            report.wrong.append(f"a track was not answered within {_LONGEST_S:.0f} s")
        report.slowest_s = max(report.slowest_s, time.monotonic() - started_s)
        await _look(target, report)
        await asyncio.sleep(_ASK_EVERY_S)


async def _look(target: Target, report: Report) -> None:
    started_s = time.monotonic()
    try:
        limit = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=limit) as http, http.get(f"{target.page}/livez") as response:
            await response.read()
    except TimeoutError:
        report.wrong.append("the page did not answer within 10 s")
    except (aiohttp.ClientError, OSError):
        return
    report.slowest_page_s = max(report.slowest_page_s, time.monotonic() - started_s)
    report.most_mb = max(report.most_mb, _resident_mb(target.bot.process.pid))


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def run(seconds: float, seed: int) -> Report:
    """Attack a bot of our own for so long."""
    random.seed(seed)
    report = Report()
    track = mp3(dance_track(20.0))
    with tempfile.TemporaryDirectory() as folder:
        async with started(Path(folder), **_SETTINGS) as bot:
            await bot.until_logged("Ready, with model")
            target, until_s = Target(bot, track), time.monotonic() + seconds
            await asyncio.gather(
                _ask(target, report, until_s), *(_attack(target, report, until_s) for _ in range(_AT_ONCE))
            )
            await asyncio.sleep(1.0)
            if bot.process.returncode is not None:
                report.wrong.append("the bot has ended")
            elif (code := await bot.stop()) != 0:
                report.wrong.append(f"the bot ended with {code}")
        report.wrong += ["there is a traceback in the log"] * ("Traceback" in bot.log)
        if report.wrong:
            print(bot.log[-20_000:], file=sys.stderr)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    report = asyncio.run(run(60.0 * chosen.minutes, chosen.seed))
    print("Attacks:", ", ".join(f"{count} {name}" for name, count in report.attacks.most_common()))
    print("Tracks meanwhile:", ", ".join(f"{count} × {status}" for status, count in report.answers.most_common()))
    print(
        f"Slowest: a track {report.slowest_s:.1f} s, the page {report.slowest_page_s:.2f} s;"
        f" the bot's own process took {report.most_mb:.0f} MB at most"
    )
    print("Wrong:", report.wrong or "nothing")
    return int(bool(report.wrong))


if __name__ == "__main__":
    sys.exit(main())
