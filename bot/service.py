"""The one way of a clip through the bot, whatever platform it came from.

The order is fixed: kind, declared size, capped download, content hash, cache, a job that already runs for the same
clip, bounded queue, worker, answer. Adapters call nothing else.
"""

import asyncio
import hashlib
import logging
import math
from contextlib import aclosing
from dataclasses import dataclass, replace

from cachetools import LRUCache

from bot.audio import IncomingAudio
from bot.failures import Failure, FailureKind, failure_of
from bot.jobs import Answer, ClipJob, Refusal
from bot.workers import WorkerPool
from config import Settings

log = logging.getLogger(__name__)

_NEVER_AUDIO = ("image/", "text/", "font/", "model/")


@dataclass(frozen=True, slots=True)
class ClipKey:
    """What makes two requests the same: the bytes, the offset, and whether the excerpt is wanted."""

    digest: bytes
    offset_s: float
    with_excerpt: bool


class GenreService:
    """Identifies clips. Keeps no audio: bytes live in memory until the answer is there, the cache has none."""

    def __init__(self, settings: Settings, pool: WorkerPool) -> None:
        self._settings = settings
        self._pool = pool
        self._cache: LRUCache[ClipKey, Answer] = LRUCache(settings.cache_entries)
        self._running: dict[ClipKey, asyncio.Task[Answer]] = {}

    @property
    def is_ready(self) -> bool:
        """Whether workers are warm; before that, an answer takes longer."""
        return self._pool.is_ready

    @property
    def model_version(self) -> str | None:
        return self._pool.model_version

    async def identify(
        self, audio: IncomingAudio, *, offset_s: float | None = None, with_excerpt: bool = False
    ) -> Answer:
        """Answer for the 3 seconds after `offset_s` (default: the configured offset).

        Raises `Failure`, and nothing else, for whatever keeps a person from an answer; it is logged here.
        """
        try:
            return await self._identify(audio, self._checked_offset(offset_s), with_excerpt)
        except Failure as failure:
            level = logging.WARNING if failure.kind.is_ours else logging.INFO
            log.log(level, "No answer: %s", failure)
            raise

    async def _identify(self, audio: IncomingAudio, offset_s: float, with_excerpt: bool) -> Answer:
        self._check_kind(audio)
        self._check_declared_size(audio)
        content = await self._download(audio)
        key = ClipKey(hashlib.sha256(content).digest(), offset_s, with_excerpt)
        if not with_excerpt and (cached := self._cache.get(key)):
            return cached
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._work(key, content))
            self._running[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: ClipKey, task: asyncio.Task[Answer]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # seen, even if everybody who asked has gone

    async def _work(self, key: ClipKey, content: bytes) -> Answer:
        outcome = await self._pool.run(ClipJob(content, key.offset_s))
        if isinstance(outcome, Refusal):
            raise failure_of(outcome.kind, outcome.detail)
        self._cache[replace(key, with_excerpt=False)] = replace(outcome, excerpt_wav=b"")
        return outcome

    def _checked_offset(self, offset_s: float | None) -> float:
        if offset_s is None:
            return self._settings.default_offset_s
        if not (math.isfinite(offset_s) and 0 <= offset_s <= self._settings.max_offset_s):
            raise Failure(FailureKind.BAD_OFFSET, f"{offset_s}")
        return offset_s

    def _check_kind(self, audio: IncomingAudio) -> None:
        if audio.media_type and audio.media_type.lower().startswith(_NEVER_AUDIO):
            raise Failure(FailureKind.NOT_AUDIO, audio.media_type)

    def _check_declared_size(self, audio: IncomingAudio) -> None:
        if audio.declared_size is not None and audio.declared_size > self._settings.max_upload_bytes:
            raise Failure(FailureKind.TOO_LARGE, f"declared {audio.declared_size} bytes")

    async def _download(self, audio: IncomingAudio) -> bytes:
        """All bytes of a file; stops at the cap and at the time limit."""
        content = bytearray()
        try:
            async with asyncio.timeout(self._settings.upload_timeout_s), aclosing(audio.fetch()) as chunks:
                async for chunk in chunks:
                    content += chunk
                    if len(content) > self._settings.max_upload_bytes:
                        raise Failure(FailureKind.TOO_LARGE, f"more than {self._settings.max_upload_bytes} bytes came")
        except TimeoutError as error:
            raise Failure(FailureKind.DOWNLOAD, "took too long") from error
        except OSError as error:
            raise Failure(FailureKind.DOWNLOAD, type(error).__name__) from error
        return bytes(content)
