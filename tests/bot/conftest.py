"""A pool and a service as the bot makes them.

The model in them is always certain of a genre; on request it never finds one, or has to listen on each time.
"""

import json
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.audio import IncomingAudio
from bot.executors.processes import ProcessExecutor
from bot.jobs import ModelChoice
from bot.service import GenreService
from classifier.bundle import DEFAULT_BUNDLE, METADATA_FILE, REFERENCE_BUNDLE
from classifier.genres import SLUGS
from config import Settings
from tests.bot.chats import Wired, wired

PoolMaker = Callable[..., ProcessExecutor]
WarmPool = Callable[..., Awaitable[ProcessExecutor]]

_ALWAYS: dict[str, Any] = {"certain_from": dict.fromkeys(SLUGS, 0.0), "ood_threshold": None}
_NEVER: dict[str, Any] = {"certain_from": {}, "ood_threshold": None}
_NONE_OF_THEM: dict[str, Any] = {"ood_threshold": -1e9}

POSTGRES = os.environ.get("TEST_DATABASE_URL", "")

if not POSTGRES and os.environ.get("CI"):
    raise RuntimeError("in CI some tests run on PostgreSQL too: set TEST_DATABASE_URL")


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bot.sqlite3"
        return
    if not POSTGRES:
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL server")
    name = f"bot_{uuid.uuid4().hex}"
    server = sa.create_engine(sa.make_url(POSTGRES).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(POSTGRES).set(drivername="postgres", database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, workers=1, max_upload_mb=2.0, job_timeout_s=20.0)


@pytest.fixture(scope="session")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model, but certain of a genre for each sound, even what tests make up: it never listens on.

    What it hears is nothing to most tests, and it hears that in half the time; the others ask for `shipped`.
    """
    return _always_certain(REFERENCE_BUNDLE, tmp_path_factory)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, but certain of a genre for each sound."""
    return _always_certain(DEFAULT_BUNDLE, tmp_path_factory)


@pytest.fixture(scope="session")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, but so strict that to it every sound is like none of its genres."""
    folder = tmp_path_factory.mktemp("refusing") / "bundle"
    return _with_thresholds(DEFAULT_BUNDLE, folder, window=_NONE_OF_THEM, track=_NONE_OF_THEM, listening=_NONE_OF_THEM)


@pytest.fixture(scope="session")
def hesitating(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, but never certain of three seconds and always of more: it listens on each time."""
    folder = tmp_path_factory.mktemp("hesitating") / "bundle"
    return _with_thresholds(DEFAULT_BUNDLE, folder, window=_NEVER, track={}, listening=_ALWAYS)


def _always_certain(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certain") / "bundle"
    return _with_thresholds(source, folder, window=_ALWAYS, track={"ood_threshold": None}, listening={})


def _with_thresholds(source: Path, folder: Path, **changes: dict[str, Any]) -> Path:
    shutil.copytree(source, folder)
    path = folder / METADATA_FILE
    metadata = json.loads(path.read_text())
    path.write_text(json.dumps(metadata | {place: metadata[place] | changed for place, changed in changes.items()}))
    return folder


@pytest.fixture
async def make_pool(answering: Path) -> AsyncIterator[PoolMaker]:
    """Makes pools and closes them after the test."""
    pools: list[ProcessExecutor] = []

    def make(*, bundle: Path = answering, is_started: bool = True, **changes: float) -> ProcessExecutor:
        limits: dict[str, float] = {"workers": 1, "job_timeout_s": 20.0, "jobs_per_worker": 1000, "queue_limit": 8}
        pool = ProcessExecutor(ModelChoice("default", bundle, "litert"), **{**limits, **changes})  # type: ignore[arg-type]
        pools.append(pool)
        if is_started:
            pool.start()
        return pool

    yield make
    for pool in pools:
        await pool.close(grace_s=0.1)


@pytest.fixture(scope="module")
async def warm_pool(answering: Path) -> AsyncIterator[WarmPool]:
    """One pool for each bundle, with a warm worker, for all tests of a file that do it no harm."""
    pools: dict[Path, ProcessExecutor] = {}

    async def warm(bundle: Path = answering) -> ProcessExecutor:
        if bundle not in pools:
            pools[bundle] = ProcessExecutor(
                ModelChoice("default", bundle, "litert"),
                workers=1,
                job_timeout_s=20.0,
                jobs_per_worker=1000,
                queue_limit=100,
            )
            pools[bundle].start()
        await pools[bundle].until_ready()
        return pools[bundle]

    yield warm
    for pool in pools.values():
        await pool.close(grace_s=0.1)


@pytest.fixture
async def service(settings: Settings, warm_pool: WarmPool) -> GenreService:
    return GenreService(settings, await warm_pool())


@pytest.fixture
async def behind(settings: Settings, warm_pool: WarmPool, tmp_path: Path) -> AsyncIterator[Wired]:
    """What stands behind the chat adapters."""
    behind = await wired(settings, await warm_pool(), tmp_path)
    yield behind
    await behind.storage.close()


@pytest.fixture
async def strict(settings: Settings, warm_pool: WarmPool, refusing: Path, tmp_path: Path) -> AsyncIterator[Wired]:
    """What stands behind a bot to which every sound is like none of its genres."""
    behind = await wired(settings, await warm_pool(refusing), tmp_path)
    yield behind
    await behind.storage.close()


@pytest.fixture
async def hesitant(settings: Settings, warm_pool: WarmPool, hesitating: Path, tmp_path: Path) -> AsyncIterator[Wired]:
    """What stands behind a bot to which three seconds are never enough."""
    behind = await wired(settings, await warm_pool(hesitating), tmp_path)
    yield behind
    await behind.storage.close()


def incoming(
    content: bytes, *, name: str = "track.mp3", declared_size: int | None = None, media_type: str | None = "audio/mpeg"
) -> IncomingAudio:
    """A file that arrives in small chunks."""

    async def fetch() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(content), 10_000):
            yield content[start : start + 10_000]

    return IncomingAudio(name, declared_size, media_type, fetch)
