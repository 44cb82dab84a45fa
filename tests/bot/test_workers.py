"""What untrusted files and bad luck do to workers, and what people see of it: only their own job's failure."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from bot.failures import Failure, FailureKind
from bot.jobs import Answer, ClipJob, ModelChoice, Refusal, facts_of, load_classifier
from bot.workers import ModelUnusable, WorkerPool
from classifier.bundle import BUNDLES, load_metadata
from classifier.errors import ErrorKind
from tests.bot.conftest import PoolMaker
from tests.support.audio import dance_track, mp3


def worker_pids() -> list[int]:
    """Processes that were forked from our fork server and are alive."""
    return workers_of(os.getpid())


def workers_of(bot: int) -> list[int]:
    """Living children of the children of a process."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    return [pid for child in children.get(bot, []) for pid in children.get(child, [])]


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def until_another_worker(old: list[int]) -> list[int]:
    for _ in range(400):
        if pids := [pid for pid in worker_pids() if pid not in old]:
            return pids
        await asyncio.sleep(0.05)
    raise AssertionError("no other worker came")


async def failure_of(job: asyncio.Future[Answer | Refusal]) -> FailureKind:
    with pytest.raises(Failure) as caught:
        await job
    return caught.value.kind


async def test_a_job_gives_answer_picture_and_excerpt(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    assert not pool.is_ready
    assert pool.model is None
    answer = await pool.run(ClipJob(track_mp3, 10.0))  # asked before the worker is warm: it waits
    assert isinstance(answer, Answer)
    assert answer.classification.window.start_s == 10.0
    assert answer.picture_png.startswith(b"\x89PNG")
    assert answer.excerpt_wav.startswith(b"RIFF")
    assert pool.is_ready
    assert pool.model
    assert pool.model.version == answer.classification.model_version


async def test_a_job_listens_on_only_where_it_may(make_pool: PoolMaker, hesitating: Path, track_mp3: bytes) -> None:
    pool = make_pool(bundle=hesitating)
    model = await pool.until_ready()
    heard = await pool.run(ClipJob(track_mp3, 10.0))
    alone = await pool.run(ClipJob(track_mp3, 10.0, listen_on=False))
    assert isinstance(heard, Answer)
    assert isinstance(alone, Answer)
    assert len(heard.features) >= 3
    assert {len(row) for row in heard.features} == {4 * len(model.columns)}
    assert heard.features[:1] == alone.features
    assert heard.excerpt_wav == alone.excerpt_wav


@pytest.mark.parametrize("name", ["default", "reference"])
def test_a_shipped_model_is_loaded_by_its_name_and_tells_what_it_measured(name: str) -> None:
    classifier = load_classifier(ModelChoice(name, None, "litert"))
    facts, metadata = facts_of(classifier), load_metadata(BUNDLES / name)
    assert facts.version == metadata.model_version
    assert facts.columns == metadata.columns
    assert facts.track_accuracy == metadata.metrics["by_track"]["accuracy"]
    assert facts.can_refuse is (metadata.window.ood_threshold is not None)
    assert facts.answer_accuracy == metadata.metrics["answer"]["accuracy"]


async def test_a_bad_file_is_refused_and_the_worker_lives_on(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    await pool.until_ready()
    before = worker_pids()
    assert await pool.run(ClipJob(b"no audio", 0.0)) == Refusal(
        ErrorKind.NOT_AUDIO, "Invalid data found when processing input"
    )
    assert isinstance(await pool.run(ClipJob(track_mp3, 0.0)), Answer)
    assert worker_pids() == before


async def test_a_hanging_worker_is_replaced_and_only_its_job_fails(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool(job_timeout_s=1.0)
    await pool.until_ready()
    (pid,) = worker_pids()
    os.kill(pid, signal.SIGSTOP)
    stuck = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 0.0)))
    behind = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 5.0)))
    assert await failure_of(stuck) == FailureKind.TIMEOUT
    assert isinstance(await behind, Answer)
    assert pid not in worker_pids()


async def test_a_dying_worker_is_replaced_and_only_its_job_fails(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    await pool.until_ready()
    (pid,) = worker_pids()
    four_hours = mp3(dance_track(60.0, rate_hz=22_050), rate_hz=22_050, level=0.99) * 240
    doomed = asyncio.ensure_future(pool.run(ClipJob(four_hours, 1e6)))  # looking for its end takes seconds
    behind = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 5.0)))
    await asyncio.sleep(1.0)
    os.kill(pid, signal.SIGKILL)
    assert await failure_of(doomed) == FailureKind.CRASHED
    assert isinstance(await behind, Answer)


async def test_a_job_that_its_worker_never_took_is_done_by_the_next(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    await pool.until_ready()
    (pid,) = worker_pids()
    os.kill(pid, signal.SIGSTOP)
    job = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 0.0)))
    await asyncio.sleep(0.3)
    os.kill(pid, signal.SIGKILL)
    assert isinstance(await job, Answer)


async def test_a_worker_that_dies_idle_costs_no_job(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    await pool.until_ready()
    (pid,) = worker_pids()
    os.kill(pid, signal.SIGKILL)
    assert isinstance(await pool.run(ClipJob(track_mp3, 0.0)), Answer)
    os.kill((await until_another_worker([pid]))[0], signal.SIGKILL)
    await asyncio.sleep(0.5)
    assert isinstance(await pool.run(ClipJob(track_mp3, 0.0)), Answer)


async def test_the_process_that_workers_are_forked_from_may_die_too(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    await pool.until_ready()
    (pid,) = worker_pids()
    os.kill(parent_of(pid), signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    assert isinstance(await pool.run(ClipJob(track_mp3, 0.0)), Answer)


async def test_closing_twice_and_while_workers_start_is_quick(make_pool: PoolMaker) -> None:
    pool = make_pool()
    await asyncio.sleep(0)
    started = time.monotonic()
    await pool.close()
    await pool.close()
    assert time.monotonic() - started < 1.0


async def test_a_large_file_reaches_the_worker(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    assert isinstance(await pool.run(ClipJob(track_mp3 + bytes(200_000_000), 1.0)), Answer)


async def test_a_worker_is_replaced_after_its_share(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool(jobs_per_worker=2)
    await pool.until_ready()
    before = worker_pids()
    for _ in range(5):
        assert isinstance(await pool.run(ClipJob(track_mp3, 0.0)), Answer)
    await until_another_worker(before)


async def test_a_full_queue_refuses_at_once(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool(queue_limit=2)
    waiting = [asyncio.ensure_future(pool.run(ClipJob(track_mp3, 0.0))) for _ in range(2)]
    await asyncio.sleep(0)
    assert pool.waiting == 2
    assert await failure_of(asyncio.ensure_future(pool.run(ClipJob(track_mp3, 0.0)))) == FailureKind.BUSY
    assert all(isinstance(answer, Answer) for answer in await asyncio.gather(*waiting))


async def test_jobs_of_people_who_left_are_not_done(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    left = [asyncio.ensure_future(pool.run(ClipJob(track_mp3, float(n)))) for n in range(5)]
    stayed = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 9.0)))
    await asyncio.sleep(0)
    for job in left:
        job.cancel()
    answer = await stayed
    assert isinstance(answer, Answer)
    assert answer.classification.window.start_s == 9.0


async def test_closing_refuses_what_waits_and_ends_all_workers(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool(workers=2)
    await pool.until_ready()
    jobs = [asyncio.ensure_future(pool.run(ClipJob(track_mp3, 0.0))) for _ in range(8)]
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await pool.close()
    assert time.monotonic() - started < 8
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    refused = [o.kind for o in outcomes if isinstance(o, Failure)]
    assert refused
    assert set(refused) == {FailureKind.STOPPING}
    assert len(refused) + sum(isinstance(o, Answer) for o in outcomes) == 8
    assert worker_pids() == []
    assert await failure_of(asyncio.ensure_future(pool.run(ClipJob(track_mp3, 0.0)))) == FailureKind.STOPPING


async def test_a_model_that_cannot_be_loaded_is_said_once(tmp_path: Path) -> None:
    pool = WorkerPool(
        ModelChoice("default", tmp_path, "litert"), workers=1, job_timeout_s=5, jobs_per_worker=10, queue_limit=2
    )
    pool.start()
    with pytest.raises(ModelUnusable, match=r"metadata\.json|No such file"):
        await pool.until_ready()
    await pool.close()
