"""What untrusted files and bad luck do to workers, and what people see of it: only their own job's failure."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.executors import ModelUnusable, WorkerState
from bot.executors.processes import ProcessExecutor
from bot.failures import Failure, FailureKind
from bot.jobs import Answer, ClipJob, ModelChoice, Refusal, facts_of, load_classifier
from classifier.bundle import BUNDLES, load_metadata
from classifier.errors import ErrorKind
from tests.bot.conftest import PoolMaker
from tests.support.audio import dance_track, mp3
from tests.support.processes import blocked_signals, freeze, is_alive, parent_of, until_another_worker, worker_pids


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


async def test_ctrl_c_is_for_the_bot_alone_from_the_first_moment(make_pool: PoolMaker) -> None:
    """Also where the process that workers are forked from is still at its imports, and has no handler of its own."""
    await make_pool().until_ready()
    (worker,) = worker_pids()
    assert blocked_signals(parent_of(worker)) & 1 << (signal.SIGINT - 1)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())


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
    freeze(pid)
    stuck = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 0.0)))
    behind = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 5.0)))
    assert await failure_of(stuck) == FailureKind.TIMEOUT
    assert isinstance(await behind, Answer)
    assert pid not in worker_pids()


@pytest.fixture(scope="module")
def four_hours() -> bytes:
    """Looking for the end of it takes seconds: with something between its pieces, it has to be walked through."""
    return (mp3(dance_track(60.0, rate_hz=22_050), rate_hz=22_050, level=0.99) + bytes(64)) * 240


async def test_the_job_of_a_dying_worker_is_done_by_another(
    make_pool: PoolMaker, track_mp3: bytes, four_hours: bytes
) -> None:
    pool = make_pool()
    await pool.until_ready()
    (pid,) = worker_pids()
    unlucky = asyncio.ensure_future(pool.run(ClipJob(four_hours, 1e6)))
    behind = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 5.0)))
    await asyncio.sleep(1.0)
    os.kill(pid, signal.SIGKILL)
    assert isinstance(await unlucky, Answer)
    assert isinstance(await behind, Answer)
    assert pool.restarts == 1


async def test_a_file_that_breaks_two_workers_is_refused(
    make_pool: PoolMaker, track_mp3: bytes, four_hours: bytes
) -> None:
    pool = make_pool()
    await pool.until_ready()
    doomed = asyncio.ensure_future(pool.run(ClipJob(four_hours, 1e6)))
    behind = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 5.0)))
    killed: list[int] = []
    for _ in range(2):
        (pid,) = await until_another_worker(killed)
        while pool.states != [WorkerState.BUSY]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        os.kill(pid, signal.SIGSEGV)
        killed.append(pid)
    assert await failure_of(doomed) == FailureKind.CRASHED
    assert isinstance(await behind, Answer)


@pytest.mark.slow
async def test_fifty_killed_workers_lose_none_of_two_hundred_jobs(make_pool: PoolMaker, track_mp3: bytes) -> None:
    """Whichever worker is met, and whatever it is at."""
    pool = make_pool(workers=2, queue_limit=200)
    await pool.until_ready()
    jobs = [asyncio.ensure_future(pool.run(ClipJob(track_mp3[: -1 - n], 0.0, listen_on=False))) for n in range(200)]
    kills = 0
    while kills < 50 and not all(job.done() for job in jobs):
        if pids := worker_pids():
            os.kill(pids[kills % len(pids)], signal.SIGKILL)
            kills += 1
            done = sum(job.done() for job in jobs)
            while sum(job.done() for job in jobs) < min(200, done + 3):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    assert kills == 50
    assert all(isinstance(answer, Answer) for answer in await asyncio.gather(*jobs))


async def test_a_stopped_worker_and_a_dead_fork_server_hold_nobody_up(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool(job_timeout_s=1.5)
    await pool.until_ready()
    (pid,) = worker_pids()
    freeze(pid)
    assert pool.states == [WorkerState.STOPPED]
    jobs = [asyncio.ensure_future(pool.run(ClipJob(track_mp3, float(n)))) for n in range(3)]
    await asyncio.sleep(0.2)
    os.kill(parent_of(pid), signal.SIGKILL)
    async with asyncio.timeout(30):
        outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) >= 2
    assert not is_alive(pid)


async def test_a_job_that_wants_too_much_memory_costs_itself_alone(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool(memory_mb=700.0)
    await pool.until_ready()
    huge = asyncio.ensure_future(pool.run(ClipJob(track_mp3 + bytes(900_000_000), 0.0)))
    behind = asyncio.ensure_future(pool.run(ClipJob(track_mp3, 5.0)))
    assert await failure_of(huge) == FailureKind.CRASHED
    assert isinstance(await behind, Answer)


def test_a_confined_process_writes_nothing_and_has_no_more_memory_than_it_may(tmp_path: Path) -> None:
    program = (
        "import os, resource, sys\n"
        "from bot.confinement import confine\n"
        "confine(300 << 20)\n"
        "try:\n    bytearray(400 << 20)\nexcept MemoryError:\n    print('no memory')\n"
        "try:\n"
        f"    os.write(os.open({str(tmp_path / 'written')!r}, os.O_CREAT | os.O_WRONLY), b'x')\n"
        "except OSError:\n    print('no writing')\n"
        "status = open('/proc/self/status').read()\n"
        "print('NoNewPrivs:\\t1' in status)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines() == ["no memory", "no writing", "True"]


def test_a_process_whose_time_is_up_is_ended_by_the_system() -> None:
    program = (
        "from bot.confinement import limit_processor_time\n"
        "limit_processor_time(60)\nlimit_processor_time(0.5)\n"
        "while True: pass\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=20)
    assert run.returncode == -signal.SIGXCPU


async def test_a_job_that_its_worker_never_took_is_done_by_the_next(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    await pool.until_ready()
    (pid,) = worker_pids()
    freeze(pid)
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


async def test_whatever_keeps_a_worker_from_starting_is_said_once(
    answering: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A bundle whose network is no network, and one of another shape than the code has ever seen."""
    broken = tmp_path / "broken"
    shutil.copytree(answering, broken)
    (broken / "metadata.json").write_text("[]")
    for bundle in (broken, tmp_path / "nowhere"):
        pool = ProcessExecutor(
            ModelChoice("default", bundle, "litert"), workers=2, job_timeout_s=5, jobs_per_worker=10, queue_limit=2
        )
        pool.start()
        async with asyncio.timeout(20):
            with pytest.raises(ModelUnusable):
                await pool.until_ready()
        await pool.close()
    assert "Traceback" not in caplog.text


async def test_workers_that_end_before_they_are_ready_end_the_start(
    answering: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So little memory that not even the model fits in."""
    monkeypatch.setattr("bot.executors.processes._RESTART_DELAY_S", 0.05)
    pool = ProcessExecutor(
        ModelChoice("default", answering, "litert"),
        workers=1,
        job_timeout_s=5,
        jobs_per_worker=10,
        queue_limit=2,
        memory_mb=1.0,
    )
    pool.start()
    async with asyncio.timeout(30):
        with pytest.raises(ModelUnusable):
            await pool.until_ready()
    await pool.close()


async def test_a_model_that_cannot_be_loaded_is_said_once(tmp_path: Path) -> None:
    pool = ProcessExecutor(
        ModelChoice("default", tmp_path, "litert"), workers=1, job_timeout_s=5, jobs_per_worker=10, queue_limit=2
    )
    pool.start()
    with pytest.raises(ModelUnusable, match=r"metadata\.json|No such file"):
        await pool.until_ready()
    await pool.close()
