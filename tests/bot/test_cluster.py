"""Jobs on a real Dask cluster: workers and the scheduler go and come back, and nobody waits for nothing."""

import asyncio
import contextlib
import io
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import distributed
import pytest

from bot.executors import WorkerState
from bot.executors.cluster import ClusterExecutor
from bot.executors.remote import fingerprint, prepare
from bot.failures import Failure, FailureKind
from bot.jobs import Answer, ClipJob, ModelChoice, ModelFacts, Refusal, TallyJob
from classifier.errors import ErrorKind
from config.settings import TlsFiles
from tests.support.audio import dance_track, mp3
from tests.support.bot_process import free_port, started
from tests.support.cluster import Cluster, cluster_of
from tests.support.processes import until

pytestmark = pytest.mark.slow

CHOICE = ModelChoice("reference", None, "litert")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start_scheduler()
    cluster.start_worker()
    cluster.start_worker()
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def long_track() -> bytes:
    """Twenty minutes, which take seconds as a whole."""
    return mp3(dance_track(60.0)) * 20


def executor_on(address: str, **changes: Any) -> ClusterExecutor:
    limits = {"tls": None, "job_timeout_s": 30.0, "queue_limit": 50}
    executor = ClusterExecutor(CHOICE, scheduler=address, **{**limits, **changes})
    executor.start()
    return executor


def are_ready(executor: ClusterExecutor, workers: int = 2) -> bool:
    return len(executor.states) == workers and WorkerState.STARTING not in executor.states


@pytest.fixture
async def executor(cluster: Cluster) -> AsyncIterator[ClusterExecutor]:
    executor = executor_on(cluster.address)
    await until(lambda: are_ready(executor))
    yield executor
    await executor.close()


async def failure_of(job: "asyncio.Future[Any]") -> FailureKind:
    with pytest.raises(Failure) as caught:
        await job
    return caught.value.kind


def asked(executor: ClusterExecutor, content: bytes, offset_s: float | None = 5.0) -> "asyncio.Future[Any]":
    return asyncio.ensure_future(executor.run(ClipJob(content, offset_s)))


async def test_each_kind_of_job_is_done_and_told_as_here(
    cluster: Cluster, executor: ClusterExecutor, track_mp3: bytes
) -> None:
    answer = await executor.run(ClipJob(track_mp3, 10.0))
    assert isinstance(answer, Answer)
    assert answer.picture_png.startswith(b"\x89PNG")
    assert executor.model is not None
    assert executor.model.version == answer.classification.model_version
    refused = await executor.run(ClipJob(b"no audio at all" * 100, 0.0))
    assert isinstance(refused, Refusal)
    assert refused.kind is ErrorKind.NOT_AUDIO
    picture = await executor.run(TallyJob({"techno": 3}))
    assert not isinstance(picture, Answer | Refusal)
    assert cluster.written() == []
    assert "ID3" not in cluster.log


async def test_a_killed_worker_costs_nobody_an_answer(
    cluster: Cluster, executor: ClusterExecutor, track_mp3: bytes
) -> None:
    jobs = [asked(executor, track_mp3, float(n)) for n in range(30)]
    await until(lambda: executor.running == 2 and sum(job.done() for job in jobs) > 3)
    cluster.kill_worker(0)
    answers = await asyncio.gather(*jobs)
    assert [answer.classification.window.start_s for answer in answers] == [float(n) for n in range(30)]
    assert executor.restarts == 1
    await until(lambda: are_ready(executor))  # its nanny has started it anew


async def test_a_file_that_ends_two_workers_is_refused_and_the_next_is_answered(
    cluster: Cluster, executor: ClusterExecutor, long_track: bytes, track_mp3: bytes
) -> None:
    job = asked(executor, long_track, None)
    while True:  # as soon as it has begun: it takes half a second
        await until(lambda: job.done() or any(begun.is_set() for begun in executor._begun.values()))
        if job.done():
            break
        before = set(executor._remotes)
        for number in range(2):
            with contextlib.suppress(ValueError, ProcessLookupError):  # its nanny is just starting it
                cluster.kill_worker(number)
        await until(lambda before=before: before.isdisjoint(executor._remotes))
    assert await failure_of(job) is FailureKind.CRASHED
    assert isinstance(await executor.run(ClipJob(track_mp3, 5.0)), Answer)
    await until(lambda: are_ready(executor))


async def test_a_job_that_takes_too_long_is_told_in_time_and_its_worker_comes_back(
    cluster: Cluster, long_track: bytes, track_mp3: bytes
) -> None:
    executor = executor_on(cluster.address, job_timeout_s=0.1)
    await until(lambda: are_ready(executor))
    started_s = time.monotonic()
    job = asked(executor, long_track, None)
    assert await failure_of(job) in {FailureKind.TIMEOUT, FailureKind.CRASHED}
    assert time.monotonic() - started_s < 20
    await executor.close()
    patient = executor_on(cluster.address)
    await until(lambda: are_ready(patient))
    assert isinstance(await patient.run(ClipJob(track_mp3, 5.0)), Answer)
    await patient.close()


async def test_a_worker_with_another_model_gets_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, track_mp3: bytes
) -> None:
    monkeypatch.setattr("bot.executors.cluster.fingerprint", lambda _: "another")
    executor = executor_on(cluster.address)
    await until(lambda: bool(executor.connection.reason))
    assert "its model is not the bot's" in executor.connection.reason
    assert await failure_of(asked(executor, track_mp3)) is FailureKind.NO_WORKERS
    await executor.close()


async def test_more_than_may_wait_is_refused_and_a_stop_is_told(
    cluster: Cluster, track_mp3: bytes, long_track: bytes
) -> None:
    executor = executor_on(cluster.address, queue_limit=1)
    await until(lambda: are_ready(executor))
    working = [asked(executor, long_track, None)]
    await until(lambda: executor.running == 1)
    working.append(asked(executor, long_track, None))
    await until(lambda: executor.running == 2)
    waiting = asked(executor, track_mp3)
    await asyncio.sleep(0)
    assert executor.is_full
    assert await failure_of(asked(executor, track_mp3)) is FailureKind.BUSY
    await executor.close(grace_s=0.1)
    assert [await failure_of(job) for job in (*working, waiting)] == [FailureKind.STOPPING] * 3


async def test_a_worker_puts_nothing_on_its_disk(tmp_path: Path) -> None:
    async with cluster_of(tmp_path, 0) as cluster:
        soon_to_the_disk = {"DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "0.001"}  # of the memory
        cluster.start_worker(nanny=False, **soon_to_the_disk)
        async with distributed.Client(cluster.address, asynchronous=True, set_as_default=False) as client:
            await client.wait_for_workers(1)
            before = [await client.scatter(bytes([n]) * 20_000_000, hash=False, direct=True) for n in range(3)]
            kept = cluster.written()
            assert kept  # as Dask does by itself
            facts = await client.submit(prepare, CHOICE, fingerprint(CHOICE), pure=False)
            assert isinstance(facts, ModelFacts)
            after = [await client.scatter(bytes([n]) * 20_000_000, hash=False, direct=True) for n in range(3, 6)]
            assert set(cluster.written()) <= set(kept)
            del before, after


async def test_a_scheduler_that_is_not_there_is_told_at_once(track_mp3: bytes) -> None:
    executor = executor_on(f"tcp://127.0.0.1:{free_port()}")
    waiting = asked(executor, track_mp3)  # asked before it is known
    assert await failure_of(waiting) is FailureKind.NO_WORKERS
    assert "cannot be reached" in executor.connection.reason
    assert await failure_of(asked(executor, track_mp3)) is FailureKind.NO_WORKERS
    await executor.close()
    assert not executor.is_ready


async def test_without_a_scheduler_it_is_told_at_once_and_with_one_it_goes_on(
    tmp_path: Path, track_mp3: bytes, long_track: bytes
) -> None:
    async with cluster_of(tmp_path, 1) as cluster:
        executor = executor_on(cluster.address)
        await until(lambda: are_ready(executor, 1))
        jobs = [asked(executor, long_track, None), asked(executor, track_mp3)]
        await until(lambda: executor.running == 1)
        cluster.stop_scheduler()
        stopped_s = time.monotonic()
        assert [await failure_of(job) for job in jobs] == [FailureKind.NO_WORKERS] * 2
        assert await failure_of(asked(executor, track_mp3)) is FailureKind.NO_WORKERS
        assert time.monotonic() - stopped_s < 5
        assert "has gone" in executor.connection.reason
        cluster.start_scheduler()
        cluster.start_worker(nanny=False)  # the first has ended with its scheduler
        await until(lambda: not executor.connection.reason and are_ready(executor, 1))
        assert isinstance(await executor.run(ClipJob(track_mp3, 5.0)), Answer)
        await executor.close()


async def test_the_bot_answers_with_a_cluster_over_tls_and_says_when_it_is_away(
    tmp_path: Path, track_mp3: bytes
) -> None:
    tls = certificate(tmp_path)
    files = {"tls-ca-file": str(tls.ca_file), "tls-cert": str(tls.cert), "tls-key": str(tls.key)}
    async with cluster_of(tmp_path, 1, tls=files) as cluster:
        environment = {
            "DASK_SCHEDULER": cluster.address,
            "DASK_TLS_CA_FILE": str(tls.ca_file),
            "DASK_TLS_CERT": str(tls.cert),
            "DASK_TLS_KEY": str(tls.key),
        }
        async with started(tmp_path, **environment) as bot, aiohttp.ClientSession() as session:
            page = f"http://127.0.0.1:{bot.port}"
            await bot.until_logged("Ready, with model")
            async with session.post(f"{page}/api/classify", data=_form(track_mp3)) as response:
                assert response.status == 200, await response.text()
            health = await (await session.get(f"{page}/healthz")).json()
            assert health["scheduler"]["status"] == "connected"
            form = await (await session.get(page)).text()
            assert "analysed on machines of whoever runs this page" in form
            assert "on this machine" not in form
            cluster.stop_scheduler()
            await bot.until_logged("has gone")
            async with session.post(f"{page}/api/classify", data=_form(track_mp3[:200_000])) as response:
                assert response.status == 503
                assert json.loads(await response.text())["error"]["kind"] == "no-workers"
            health = await (await session.get(f"{page}/healthz")).json()
            assert "scheduler" in health["failing"]
            assert "has gone" in health["scheduler"]["reason"]
            assert await bot.stop() == 0
        assert "Traceback" not in bot.log


def _form(content: bytes) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(content), filename="track.mp3", content_type="audio/mpeg")
    return form


def certificate(folder: Path) -> TlsFiles:
    """One that both sides show and believe."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return TlsFiles(cert, cert, key)
