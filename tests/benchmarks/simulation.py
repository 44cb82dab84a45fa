"""How long people wait, and how many are refused: a queueing simulation, and the same load on real workers.

Files come at random moments (a Poisson process), find so many workers, wait while those are busy, and are refused where
too many wait already. How long a worker needs is drawn from times that were measured.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean

import simpy
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot.executors.processes import ProcessExecutor
from bot.failures import Failure
from bot.jobs import ClipJob, ModelChoice
from tests.benchmarks.rows import Row

_CHOICE = ModelChoice("default", None, "litert")
_MEASURED, _ARRIVALS, _WORKERS, _QUEUE = 80, 240, 2, 4
_LOADS = (0.6, 0.85, 1.1)
"""Of what the workers can do."""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a load: how long each answer took from question to answer, in seconds, and how many got none."""

    took_s: tuple[float, ...]
    refused: int

    @property
    def mean_s(self) -> float:
        return fmean(self.took_s)

    @property
    def p95_s(self) -> float:
        return sorted(self.took_s)[round(0.95 * (len(self.took_s) - 1))]

    @property
    def refused_share(self) -> float:
        return self.refused / (self.refused + len(self.took_s))


def arrivals(random: Random, rate_per_s: float, count: int) -> list[float]:
    """Moments in seconds."""
    moments, now_s = [], 0.0
    for _ in range(count):
        now_s += random.expovariate(rate_per_s)
        moments.append(now_s)
    return moments


def simulate(moments: Sequence[float], services_s: Sequence[float], *, workers: int, queue: int) -> Run:
    """Files that come at these moments and need so long each: first come, first served, by so many workers."""
    environment = simpy.Environment()
    desk = simpy.Resource(environment, capacity=workers)
    took_s: list[float] = []
    refused = 0

    def file(moment_s: float, service_s: float) -> Iterator[simpy.Event]:
        nonlocal refused
        yield environment.timeout(moment_s)
        if len(desk.queue) >= queue:
            refused += 1
            return
        with desk.request() as turn:
            yield turn
            yield environment.timeout(service_s)
            took_s.append(environment.now - moment_s)

    for moment_s, service_s in zip(moments, services_s, strict=True):
        environment.process(file(moment_s, service_s))
    environment.run()
    return Run(tuple(took_s), refused)


async def measure_queue(content: bytes) -> tuple[list[Row], list[float]]:
    """The same moments simulated, from times that were measured with all workers at work, and on real workers; and
    those times, in seconds."""
    random = Random(1)
    executor = ProcessExecutor(_CHOICE, workers=_WORKERS, job_timeout_s=30, jobs_per_worker=100_000, queue_limit=_QUEUE)
    executor.start()
    await executor.until_ready()
    await asyncio.sleep(2.0)  # the second one, too
    rows = []
    try:
        await _timed(executor, _jobs(content, random, 3 * _WORKERS))  # each of them has done everything once
        jobs = _jobs(content, random, _MEASURED)
        measured = await _timed(executor, jobs)
        of_kind: dict[bool, list[float]] = {True: [], False: []}
        for job, took_s in zip(jobs, measured, strict=True):
            of_kind[_is_track(job)].append(took_s)
        rows.append(Row(f"a file, {_WORKERS} workers busy", 1000 * fmean(measured), "ms"))
        for load in _LOADS:
            moments = arrivals(random, load * _WORKERS / fmean(measured), _ARRIVALS)
            wanted = _jobs(content, random, _ARRIVALS)
            real = await _real(executor, wanted, moments)
            services_s = [random.choice(of_kind[_is_track(job)]) for job in wanted]
            foreseen = simulate(moments, services_s, workers=_WORKERS, queue=_QUEUE)
            for what, seen, said, unit in (
                ("mean", 1000 * real.mean_s, 1000 * foreseen.mean_s, "ms"),
                ("95 of 100 within", 1000 * real.p95_s, 1000 * foreseen.p95_s, "ms"),
                ("refused", 100 * real.refused_share, 100 * foreseen.refused_share, "%"),
            ):
                rows.append(Row(f"load {load:.0%}, {what}: seen", seen, unit))
                rows.append(Row(f"load {load:.0%}, {what}: foreseen", said, unit))
    finally:
        await executor.close()
    return rows, measured


async def _timed(executor: ProcessExecutor, jobs: Sequence[ClipJob]) -> list[float]:
    """How long each takes in a worker while the others work, too: as many at a time as there are workers."""
    left, took_s = iter(enumerate(jobs)), [0.0] * len(jobs)

    async def one_after_another() -> None:
        for number, job in left:
            began_s = time.perf_counter()
            await executor.run(job)
            took_s[number] = time.perf_counter() - began_s

    await asyncio.gather(*(one_after_another() for _ in range(_WORKERS)))
    return took_s


async def _real(executor: ProcessExecutor, jobs: Sequence[ClipJob], moments: Sequence[float]) -> Run:
    took_s: list[float] = []
    began_s = time.perf_counter()
    refused = 0

    async def file(job: ClipJob, moment_s: float) -> None:
        nonlocal refused
        await asyncio.sleep(began_s + moment_s - time.perf_counter())
        try:
            await executor.run(job)
        except Failure:
            refused += 1
        else:
            took_s.append(time.perf_counter() - began_s - moment_s)

    await asyncio.gather(*(file(job, moment_s) for job, moment_s in zip(jobs, moments, strict=True)))
    return Run(tuple(took_s), refused)


def _jobs(content: bytes, random: Random, count: int) -> list[ClipJob]:
    """Windows somewhere in the track; one of eight asks for all of it."""
    offsets = [None if random.random() < 0.125 else random.uniform(5.0, 200.0) for _ in range(count)]
    return [ClipJob(content, offset_s) for offset_s in offsets]


def _is_track(job: ClipJob) -> bool:
    return job.offset_s is None


def draw_waiting(services_s: Sequence[float], path: Path, *, queue: int = 32, files: int = 20_000) -> None:
    """Answer times and refusals against load, for one worker up to 64; simulated."""
    random = Random(2)
    figure = Figure(figsize=(8.0, 6.0), dpi=120, layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    loads = [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2]
    colours = ("#12355b", "#2a6f97", "#61a5c2", "#b5367a")
    for workers, colour in zip((1, 4, 16, 64), colours, strict=True):
        runs = []
        for load in loads:
            moments = arrivals(random, load * workers / fmean(services_s), files)
            drawn = random.choices(services_s, k=files)
            runs.append(simulate(moments, drawn, workers=workers, queue=queue))
        label = f"{workers} worker{'s' if workers > 1 else ''}"
        above.plot(loads, [run.p95_s for run in runs], color=colour, marker=".", label=label)
        below.plot(loads, [100 * run.refused_share for run in runs], color=colour, marker=".")
    above.set_ylabel("95 of 100 answers within (s)")
    above.set_ylim(bottom=0)
    above.legend(frameon=False)
    below.set_ylabel("refused (%)")
    below.set_xlabel(f"load: files that come / files that the workers can do; {queue} may wait")
    for axes in (above, below):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasAgg(figure).print_png(path)
