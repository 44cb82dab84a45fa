"""The bot as people meet it: a process of its own, with its page asked over HTTP."""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.benchmarks.rows import Row
from tests.support.bot_process import ROOT, Process, started

_ANSWERS = 1000
_SUSTAINED = 60
_AT_ONCE = 4
_UPLOADS, _UPLOAD_BYTES = 50, 10_000_000
_PROBE_EVERY_S = 0.005
_UNLIMITED = {"USER_BURST": "100000", "USER_PER_MINUTE": "100000", "QUEUE_LIMIT": "200", "MAX_HELD_MB": "2000"}
_SETTINGS = {"MODEL": "default", **_UNLIMITED}


async def measure_service(content: bytes) -> list[Row]:
    """Starts, answers a second, memory, and how long a crowd holds up others."""
    with tempfile.TemporaryDirectory() as folder:
        rows = await _starts(Path(folder), content)
        by_workers = {}
        for workers in (1, 2):
            async with started(Path(folder), WORKERS=str(workers), LOG_LEVEL="WARNING", **_SETTINGS) as bot:
                await _until_ready(bot)
                by_workers[workers] = await _sustained(bot, content)
                rows.append(Row(f"answers a second, workers: {workers}", by_workers[workers], "/s"))
                after_100 = await _memory_after(bot, content, 100)
                after_all = await _memory_after(bot, content, _ANSWERS - 100)
                rows.append(Row(f"memory of all processes after 1,000 answers, workers: {workers}", after_all, "MB"))
                rows.append(Row("the same after 100", after_100, "MB"))
                if workers == 1:
                    rows.append(Row("longest wait for /livez under 50 uploads of 10 MB", await _crowded(bot), "ms"))
        rows.append(Row("two workers over one", by_workers[2] / by_workers[1], "×"))
    return rows


async def _starts(folder: Path, content: bytes) -> list[Row]:
    """The second start is measured: the first may find cold disks."""
    page_s = answer_s = 0.0
    for _ in range(2):
        began = time.perf_counter()
        async with started(folder, **_SETTINGS) as bot, aiohttp.ClientSession() as browser:
            await _until_page(browser, bot)
            page_s = time.perf_counter() - began
            await _ask(browser, bot, content)
            answer_s = time.perf_counter() - began
    command = [sys.executable, "-m", "classifier", "-"]
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        program = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, cwd=ROOT
        )
        await program.communicate(content)
        seconds.append(time.perf_counter() - began)
    return [
        Row("from the bot's start to its page", page_s, "s"),
        Row("from the bot's start to its first answer", answer_s, "s"),
        Row("the command line, from start to answer", min(seconds), "s"),
    ]


async def _sustained(bot: Process, content: bytes) -> float:
    began = time.perf_counter()
    await _answers(bot, content, _SUSTAINED)
    return _SUSTAINED / (time.perf_counter() - began)


async def _memory_after(bot: Process, content: bytes, answers: int) -> float:
    """Of a short piece: what is held afterwards does not depend on how long a file was."""
    await _answers(bot, content[:600_000], answers)
    return sum(_held_mb(pid) for pid in _family(bot.process.pid))


async def _answers(bot: Process, content: bytes, count: int) -> None:
    """So many answers to different files, a few at a time."""
    numbers = iter(range(count))
    mark = os.urandom(8)

    async def one_after_another(browser: aiohttp.ClientSession) -> None:
        for number in numbers:
            await _ask(browser, bot, content + mark + number.to_bytes(4, "big"))

    async with aiohttp.ClientSession() as browser:
        await asyncio.gather(*(one_after_another(browser) for _ in range(_AT_ONCE)))


async def _crowded(bot: Process) -> float:
    """The longest time that somebody else waited for a word, in milliseconds."""
    waits: list[float] = []

    async def probe(browser: aiohttp.ClientSession) -> None:
        while True:
            began = time.perf_counter()
            async with browser.get(f"http://127.0.0.1:{bot.port}/livez") as answer:
                await answer.read()
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(_PROBE_EVERY_S)

    async with aiohttp.ClientSession() as browser:
        probing = asyncio.create_task(probe(browser))
        uploads = (_ask(browser, bot, bytes(_UPLOAD_BYTES) + bytes([number])) for number in range(_UPLOADS))
        await asyncio.gather(*uploads)
        probing.cancel()
    return 1000.0 * max(waits)


async def _ask(browser: aiohttp.ClientSession, bot: Process, content: bytes) -> None:
    form = aiohttp.FormData()
    form.add_field("file", content, filename="track.mp3")
    async with browser.post(f"http://127.0.0.1:{bot.port}/api/classify", data=form) as answer:
        await answer.read()


async def _until_page(browser: aiohttp.ClientSession, bot: Process) -> None:
    while True:
        try:
            async with browser.get(f"http://127.0.0.1:{bot.port}/") as page:
                if page.status == 200:
                    return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.005)


async def _until_ready(bot: Process) -> None:
    async with aiohttp.ClientSession() as browser:
        await _until_page(browser, bot)
        while True:
            async with browser.get(f"http://127.0.0.1:{bot.port}/healthz") as health:
                if health.status == 200:
                    return
            await asyncio.sleep(0.05)


def _family(bot: int) -> list[int]:
    """The bot and all that descends from it."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [bot]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _held_mb(pid: int) -> float:
    """A process's share of memory (PSS), as the system counts it. It shows that of workers to root alone."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024.0
