"""The one way of a clip through the bot, whatever platform it came from.

The order is fixed: kind, declared size, limits, capped download, content hash, cache, a job that already runs for the
same clip, bounded queue, worker, answer. Adapters call nothing else.
"""

import asyncio
import hashlib
import logging
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

from cachetools import LRUCache

from bot.audio import IncomingAudio, Likeness, likeness
from bot.executors import Executor
from bot.failures import Failure, FailureKind, failure_of
from bot.jobs import Answer, ClipJob, Job, ModelFacts, Outcome, Picture, Refusal, Similarity, SimilarityJob, TallyJob
from bot.limits import Budget, Hold, TokenBuckets
from bot.metrics import Metrics
from bot.progress import Progress, Stage
from config import Settings
from config.settings import MEBIBYTE

log = logging.getLogger(__name__)

T = TypeVar("T", Answer, Picture, Similarity)

_CHATS = 10_000
_DIGEST_LENGTH = 16
"""Hexadecimal digits of a file's SHA-256 that name it in an answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a file: `offset_s` and `listen_on` as in `ClipJob`, and whether the excerpt is to come along."""

    offset_s: float | None
    listen_on: bool
    with_excerpt: bool


@dataclass(frozen=True, slots=True)
class ClipKey:
    """What makes two requests the same: the bytes, what is asked, the model."""

    digest: bytes
    asked: Question
    model_version: str


@dataclass(frozen=True, slots=True)
class Asker:
    """Whom the limits count: a person and a chat, by names that are unique over all platforms."""

    user: str
    chat: str


class GenreService:
    """Identifies clips. Keeps no audio: bytes live in memory until the answer is there, the cache has none."""

    def __init__(self, settings: Settings, pool: Executor) -> None:
        self._settings = settings
        self._pool = pool
        self.metrics = Metrics()
        self._cache: LRUCache[ClipKey, Answer] = LRUCache(settings.cache_entries)
        self._digests: LRUCache[str, bytes] = LRUCache(settings.cache_entries)
        self._running: dict[ClipKey, tuple[asyncio.Task[Answer], Callable[[], int]]] = {}
        self._downloads: set[asyncio.Timeout] = set()
        self._downloads_at_once = 4 + 4 * settings.workers
        self._download_slots = asyncio.Semaphore(self._downloads_at_once)
        self._chat_slots: LRUCache[str, asyncio.Semaphore] = LRUCache(_CHATS)
        self.budget = Budget(settings.max_held_bytes)
        self._is_closed = False
        self._users = TokenBuckets(burst=settings.user_burst, per_minute=settings.user_per_minute)
        self._chats = TokenBuckets(burst=settings.chat_burst, per_minute=settings.chat_per_minute)

    @property
    def pool(self) -> Executor:
        """What works for it."""
        return self._pool

    @property
    def is_ready(self) -> bool:
        """Whether workers are warm; before that, an answer takes longer."""
        return self._pool.is_ready

    @property
    def model(self) -> ModelFacts | None:
        """What is known of the model; None until the workers are warm."""
        return self._pool.model

    def close(self) -> None:
        """Take nothing more, and give up the downloads that run; what the pool has, its own end decides."""
        self._is_closed = True
        for download in self._downloads:
            download.reschedule(asyncio.get_running_loop().time())

    async def identify(
        self,
        audio: IncomingAudio,
        *,
        offset_s: float | None = None,
        whole_track: bool = False,
        listen_on: bool | None = None,
        with_excerpt: bool = False,
        asker: Asker | None = None,
        progress: Progress | None = None,
        hold: Hold | None = None,
    ) -> Answer:
        """Answer for the 3 seconds after `offset_s` (default: the configured offset), or for the whole track.

        `listen_on` as in `ClipJob` (default: as configured). Limits count `asker`; without one (the page on this
        machine) only the queue is bounded. `progress` is kept up to date meanwhile; `hold` is what is held of the file
        already, which is released here or with its job. Raises `Failure`, and nothing else,
        for whatever keeps a person from an answer; it is logged here.
        """
        try:
            asked = Question(
                offset_s=None if whole_track else self.checked_offset(offset_s),
                listen_on=self.listens_on(listen_on) and not whole_track,  # which is heard all over in any case
                with_excerpt=with_excerpt,
            )
            with hold or self.budget.hold() as held, self.metrics.timed("answer"):
                answer = await self._identify(audio, asked, asker, progress or Progress(), held)
            self.metrics.answered(_platform(asker), whole_track=whole_track)
            return answer
        except Failure as failure:
            self.metrics.failed(_platform(asker), failure.kind)
            level = logging.WARNING if failure.kind.is_ours else logging.INFO
            log.log(level, "No answer: %s", failure)
            raise
        except Exception as error:  # the last line of defence: a person gets a reference, the log the traceback
            unforeseen = Failure(FailureKind.INTERNAL, type(error).__name__)
            self.metrics.failed(_platform(asker), unforeseen.kind)
            log.exception("No answer: %s", unforeseen)
            raise unforeseen from error

    async def _identify(
        self, audio: IncomingAudio, asked: Question, asker: Asker | None, progress: Progress, held: Hold
    ) -> Answer:
        if self._is_closed:
            raise Failure(FailureKind.STOPPING)
        self._check_kind(audio)
        limit_bytes = min(self._settings.max_upload_bytes, audio.limit_bytes or self._settings.max_upload_bytes)
        self._check_declared_size(audio, limit_bytes)
        self._check_limits(asker)
        known = self._digests.get(audio.cache_hint) if audio.cache_hint and not asked.with_excerpt else None
        if known and (cached := self._cache.get(self._key(known, asked))):
            return cached
        if self._pool.is_full:
            raise Failure(FailureKind.BUSY, f"{self._pool.waiting} files wait")
        content = audio.content
        if content is None:
            held.grow_to(audio.declared_size or 0)
            async with self._slot_of(asker), self._download_slots:
                with self.metrics.timed("download"):
                    content = await self._download(audio, limit_bytes, held)
        digest = hashlib.sha256(content).digest()
        if audio.cache_hint and self._settings.cache_entries:
            self._digests[audio.cache_hint] = digest
        key = self._key(digest, asked)
        if not asked.with_excerpt and (cached := self._cache.get(key)):
            return cached
        if key not in self._running:
            place = self._pool.next_place()
            task = asyncio.create_task(self._work(key, content, held.move()))
            self._running[key] = (task, place)
            task.add_done_callback(lambda done: self._forget(key, done))
        del content  # only the job holds the bytes from here on
        task, progress.ahead = self._running[key]
        progress.stage = Stage.IN_THE_POOL
        return await asyncio.shield(task)

    def _slot_of(self, asker: Asker | None) -> AbstractAsyncContextManager[None]:
        """No chat has more than a quarter of the downloads: where its files hang, those of others do not."""
        if asker is None:
            return nullcontext()
        if asker.chat not in self._chat_slots:
            self._chat_slots[asker.chat] = asyncio.Semaphore(self._downloads_at_once // 4)
        return self._chat_slots[asker.chat]

    def _key(self, digest: bytes, asked: Question) -> ClipKey:
        return ClipKey(digest, asked, self.model.version if self.model else "")

    def _remember(self, key: ClipKey, answer: Answer) -> None:
        if self._settings.cache_entries:  # an empty cache raises for what is put into it
            self._cache[key] = answer

    def _forget(self, key: ClipKey, task: asyncio.Task[Answer]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # seen, even if everybody who asked has gone

    async def _work(self, key: ClipKey, content: bytes, held: Hold) -> Answer:
        with held, self.metrics.timed("work"):
            outcome = await self._done(ClipJob(content, key.asked.offset_s, key.asked.listen_on), Answer)
        outcome = replace(outcome, digest=key.digest.hex()[:_DIGEST_LENGTH])
        version = outcome.classification.model_version  # known now, even if the workers were still cold before
        plain = ClipKey(key.digest, replace(key.asked, with_excerpt=False), version)
        self._remember(plain, replace(outcome, excerpt_wav=b""))
        return outcome

    async def tally(self, counts: dict[str, int]) -> bytes:
        """A picture (PNG) of counts by genre. Raises `Failure` (busy, timeout, crashed, stopping)."""
        return (await self._done(TallyJob(counts), Picture)).png

    async def similarity(self, first: Answer, second: Answer) -> float:
        """The share of all pairs of tracks that are less alike than those of these answers. Raises as `tally` does."""
        return (await self._done(SimilarityJob(first.features, second.features), Similarity)).share

    async def _done(self, job: Job, kind: type[T]) -> T:
        """What a worker makes of a job. Raises `Failure`, for what the classifier refuses, too."""
        outcome: Outcome = await self._pool.run(job)
        if isinstance(outcome, Refusal):
            raise failure_of(outcome.kind, outcome.detail)
        assert isinstance(outcome, kind)
        return outcome

    def checked_offset(self, offset_s: float | None) -> float:
        """The offset, or the configured one for None. Raises `Failure` (bad offset) outside the bounds."""
        if offset_s is None:
            return self._settings.default_offset_s
        if not (math.isfinite(offset_s) and 0 <= offset_s <= self._settings.max_offset_s):
            raise Failure(FailureKind.BAD_OFFSET, f"{offset_s}")
        return offset_s

    def listens_on(self, wanted: bool | None) -> bool:
        """Whether more of a track may be heard than was asked for: as wanted, or as configured for None; never with a
        model that cannot."""
        can = self.model is None or self.model.can_listen_on
        return can and (self._settings.listen_on if wanted is None else wanted)

    def _check_kind(self, audio: IncomingAudio) -> None:
        if likeness(audio.name, audio.media_type) is Likeness.OTHER:
            raise Failure(FailureKind.NOT_AUDIO, audio.media_type or "")

    def _check_declared_size(self, audio: IncomingAudio, limit_bytes: int) -> None:
        if audio.declared_size is not None and audio.declared_size > limit_bytes:
            raise _too_large(limit_bytes, f"declared {audio.declared_size} bytes")

    def _check_limits(self, asker: Asker | None) -> None:
        if asker is None:
            return
        wait_s = max(self._users.wait_s(asker.user), self._chats.wait_s(asker.chat))
        if wait_s > 0:
            raise Failure(FailureKind.TOO_OFTEN, f"{wait_s:.0f} s too soon", seconds=str(math.ceil(wait_s)))
        self._users.take(asker.user)
        self._chats.take(asker.chat)

    async def _download(self, audio: IncomingAudio, limit_bytes: int, held: Hold) -> bytes:
        """All bytes of a file; stops at the cap, at the time limit, and when the bot stops."""
        if self._is_closed:
            raise Failure(FailureKind.STOPPING)
        content = bytearray()
        limit = asyncio.timeout(self._settings.upload_timeout_s)
        self._downloads.add(limit)
        try:
            async with limit, aclosing(audio.fetch()) as chunks:
                async for chunk in chunks:
                    content += chunk
                    held.grow_to(len(content))
                    if len(content) > limit_bytes:
                        raise _too_large(limit_bytes, f"more than {limit_bytes} bytes came")
        except TimeoutError as error:
            if self._is_closed:
                raise Failure(FailureKind.STOPPING) from error
            raise Failure(FailureKind.DOWNLOAD, "took too long") from error
        except OSError as error:
            raise Failure(FailureKind.DOWNLOAD, type(error).__name__) from error
        finally:
            self._downloads.discard(limit)
        return bytes(content)


def _platform(asker: Asker | None) -> str:
    return asker.user.partition(":")[0] if asker else "web"


def _too_large(limit_bytes: int, detail: str) -> Failure:
    return Failure(FailureKind.TOO_LARGE, detail, limit=f"{limit_bytes / MEBIBYTE:g}")
