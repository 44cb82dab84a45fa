"""The fixed order of the service: each check before the costlier one, and nothing done twice."""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.audio import IncomingAudio
from bot.failures import Failure, FailureKind
from bot.jobs import ClipJob
from bot.service import Asker, GenreService
from classifier.results import Classification, TrackClassification
from config import Settings
from tests.bot.conftest import PoolMaker, WarmPool, incoming


class CountingService(GenreService):
    """A service that counts the jobs it gives to workers."""

    jobs = 0

    async def _work(self, *arguments: object) -> object:  # type: ignore[override]
        self.jobs += 1
        return await super()._work(*arguments)  # type: ignore[arg-type]


@pytest.fixture
async def counting(settings: Settings, warm_pool: WarmPool) -> CountingService:
    return CountingService(settings, await warm_pool())


async def refused(service: GenreService, audio: IncomingAudio, offset_s: float | None = None) -> Failure:
    with pytest.raises(Failure) as caught:
        await service.identify(audio, offset_s=offset_s)
    return caught.value


def never_fetched(
    name: str = "x.mp3", *, declared_size: int | None = None, media_type: str | None = None
) -> IncomingAudio:
    async def fetch() -> AsyncGenerator[bytes, None]:
        raise AssertionError("downloaded although it was to be refused first")
        yield b""

    return IncomingAudio(name, declared_size, media_type, fetch)


async def test_a_clip_is_answered_at_the_configured_offset(service: GenreService, track_mp3: bytes) -> None:
    answer = await service.identify(incoming(track_mp3))
    assert answer.classification.window.start_s == 30.0
    assert (await service.identify(incoming(track_mp3), offset_s=3.5)).classification.window.start_s == 3.5


async def test_kind_size_and_offset_are_checked_before_any_download(service: GenreService) -> None:
    assert (await refused(service, never_fetched("x.png", media_type="image/png"))).kind == FailureKind.NOT_AUDIO
    assert (await refused(service, never_fetched(declared_size=3_000_000))).kind == FailureKind.TOO_LARGE
    for offset_s in (-1.0, 1e9, float("nan")):
        assert (await refused(service, never_fetched(), offset_s)).kind == FailureKind.BAD_OFFSET


async def test_a_download_stops_at_the_cap_whatever_was_declared(service: GenreService) -> None:
    sent = 0

    async def endless() -> AsyncGenerator[bytes, None]:
        nonlocal sent
        while True:
            sent += 100_000
            yield bytes(100_000)

    failure = await refused(service, IncomingAudio("x.mp3", 10, None, endless))
    assert failure.kind == FailureKind.TOO_LARGE
    assert sent < 2.3 * 1024 * 1024


async def test_a_download_that_stands_still_or_breaks_is_given_up(make_pool: PoolMaker) -> None:
    service = GenreService(Settings(_env_file=None, upload_timeout_s=0.2), make_pool())

    async def slow() -> AsyncGenerator[bytes, None]:
        yield b"x"
        await asyncio.sleep(60)

    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"x"
        raise ConnectionResetError

    for fetch in (slow, broken):
        assert (await refused(service, IncomingAudio("x.mp3", None, None, fetch))).kind == FailureKind.DOWNLOAD


async def test_the_same_clip_is_worked_on_once(counting: CountingService, track_mp3: bytes) -> None:
    answers = await asyncio.gather(*(counting.identify(incoming(track_mp3), offset_s=2.0) for _ in range(5)))
    assert counting.jobs == 1
    assert all(answer == answers[0] for answer in answers)
    again = await counting.identify(incoming(track_mp3, name="other name.mp3"), offset_s=2.0)
    assert counting.jobs == 1
    assert again.classification == answers[0].classification
    await counting.identify(incoming(track_mp3), offset_s=2.5)
    assert counting.jobs == 2


async def test_one_who_leaves_takes_nothing_from_the_others(counting: CountingService, track_mp3: bytes) -> None:
    leaving = asyncio.ensure_future(counting.identify(incoming(track_mp3)))
    staying = asyncio.ensure_future(counting.identify(incoming(track_mp3)))
    await asyncio.sleep(0.02)
    leaving.cancel()
    assert (await staying).classification.window.start_s == 30.0
    assert counting.jobs == 1


async def test_no_audio_is_kept(counting: CountingService, track_mp3: bytes) -> None:
    """After the answer neither the file's bytes nor the excerpt can be reached from anything the bot holds."""
    answer = await counting.identify(incoming(track_mp3), with_excerpt=True)
    assert answer.excerpt_wav.startswith(b"RIFF")
    assert (await counting.identify(incoming(track_mp3))).excerpt_wav == b""
    del answer
    gc.collect()
    kept = [thing for thing in gc.get_objects() if type(thing) is ClipJob]  # isinstance asks dead proxies too
    assert kept == []
    assert b"RIFF" not in repr(dict(counting._cache)).encode()


async def test_the_cache_is_bounded(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    await pool.until_ready()
    service = CountingService(Settings(_env_file=None, cache_entries=2), pool)
    for offset_s in (1.0, 2.0, 3.0, 1.0):
        await service.identify(incoming(track_mp3), offset_s=offset_s)
    assert service.jobs == 4


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", FailureKind.EMPTY),
        (b"text", FailureKind.NOT_AUDIO),
        (b"fLaC" + bytes(99), FailureKind.DAMAGED),
    ],
)
async def test_a_refusal_has_its_kind_and_a_reference_that_is_in_the_log(
    service: GenreService, caplog: pytest.LogCaptureFixture, content: bytes, kind: FailureKind
) -> None:
    caplog.set_level(logging.INFO, logger="bot")
    failure = await refused(service, incoming(content))
    assert failure.kind == kind
    assert failure.reference in caplog.text


async def test_what_waits_in_memory_is_bounded(make_pool: PoolMaker, track_mp3: bytes) -> None:
    pool = make_pool()
    most_mb = 1.5 * len(track_mp3) / 2**20
    service = GenreService(Settings(_env_file=None, workers=1, max_held_mb=most_mb, max_upload_mb=most_mb), pool)
    first = asyncio.ensure_future(service.identify(incoming(track_mp3), offset_s=1.0))
    async with asyncio.timeout(5):
        while service.budget.held_bytes < len(track_mp3):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await refused(service, incoming(track_mp3[:-1]))).kind == FailureKind.BUSY  # while it comes
    assert (await refused(service, never_fetched(declared_size=len(track_mp3)))).kind == FailureKind.BUSY
    assert (await first).classification
    assert service.budget.held_bytes == 0
    assert (await service.identify(incoming(track_mp3[:-1]))).classification


async def test_few_files_are_downloaded_at_a_time(settings: Settings, make_pool: PoolMaker, track_mp3: bytes) -> None:
    service = GenreService(settings, make_pool(queue_limit=16))
    now, most = 0, 0

    def slow(number: int) -> IncomingAudio:
        async def fetch() -> AsyncGenerator[bytes, None]:
            nonlocal now, most
            now, most = now + 1, max(most, now + 1)
            await asyncio.sleep(0.1)
            now -= 1
            yield track_mp3[: -1 - number]

        return IncomingAudio("x.mp3", None, None, fetch)

    await asyncio.gather(*(service.identify(slow(number)) for number in range(12)))
    assert most == 4 + 4 * settings.workers


async def test_a_whole_track_is_answered_and_remembered_apart_from_its_windows(
    counting: CountingService, track_mp3: bytes
) -> None:
    window = await counting.identify(incoming(track_mp3), offset_s=0.0)
    track = await counting.identify(incoming(track_mp3), whole_track=True)
    assert isinstance(window.classification, Classification)
    assert isinstance(track.classification, TrackClassification)
    assert counting.jobs == 2
    assert (await counting.identify(incoming(track_mp3), whole_track=True)).classification == track.classification
    assert counting.jobs == 2
    assert (await refused(counting, incoming(b"text"))).kind == FailureKind.NOT_AUDIO
    with pytest.raises(Failure) as caught:
        await counting.identify(incoming(b"fLaC" + bytes(99)), whole_track=True)
    assert caught.value.kind == FailureKind.DAMAGED


async def test_it_listens_on_as_configured_unless_somebody_says_otherwise(
    settings: Settings, warm_pool: WarmPool, hesitating: Path, track_mp3: bytes
) -> None:
    pool = await warm_pool(hesitating)
    await pool.until_ready()
    service = CountingService(settings, pool)
    heard = await service.identify(incoming(track_mp3), offset_s=5.0)
    assert isinstance(heard.classification, Classification)
    assert heard.classification.alone
    assert len(heard.classification.heard) == len(heard.features) >= 3
    again = await service.identify(incoming(track_mp3), offset_s=5.0, listen_on=True)
    assert again.classification == heard.classification
    assert service.jobs == 1
    alone = await service.identify(incoming(track_mp3), offset_s=5.0, listen_on=False)
    assert isinstance(alone.classification, Classification)
    assert (alone.classification.alone, len(alone.features), service.jobs) == (None, 1, 2)

    silent = CountingService(settings.model_copy(update={"listen_on": False}), pool)
    for listen_on, expected in ((None, alone), (True, heard)):
        again = await silent.identify(incoming(track_mp3), offset_s=5.0, listen_on=listen_on)
        assert again.classification == expected.classification


async def test_a_whole_track_is_the_same_however_it_may_listen(counting: CountingService, track_mp3: bytes) -> None:
    for listen_on in (True, False, None):
        await counting.identify(incoming(track_mp3), whole_track=True, listen_on=listen_on)
    assert counting.jobs == 1


async def test_one_chats_hanging_downloads_hold_up_no_other(service: GenreService, track_mp3: bytes) -> None:
    async def hang() -> AsyncGenerator[bytes, None]:
        yield track_mp3[:1000]
        await asyncio.Event().wait()

    hanging = [
        asyncio.create_task(
            service.identify(
                IncomingAudio("track.mp3", None, "audio/mpeg", hang), asker=Asker(user=f"a:{n}", chat="a:chat")
            )
        )
        for n in range(10)
    ]
    await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        assert await service.identify(incoming(track_mp3), asker=Asker(user="b:1", chat="b:chat"))
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
