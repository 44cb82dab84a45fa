"""Where a request stands, for whoever waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import TypeVar

from bot.texts import Texts

T = TypeVar("T")

log = logging.getLogger(__name__)

FIRST_WORD_AFTER_S = 2.5
"""An answer that comes sooner needs no word before it."""
_EVERY_S = 2.5
_LAST_WORD_S = 1.0


class Stage(Enum):
    DOWNLOADING = auto()
    IN_THE_POOL = auto()
    DONE = auto()


class Progress:
    """Filled in by the service while it works, read by an adapter. `ahead` counts the files that come first."""

    def __init__(self) -> None:
        self.stage = Stage.DOWNLOADING
        self.ahead: Callable[[], int] = lambda: 0

    def sentence(self, texts: Texts) -> str:
        if self.stage is Stage.DOWNLOADING:
            return texts("status-downloading")
        ahead = self.ahead()
        return texts("status-queued", ahead=ahead) if ahead > 0 else texts("status-working")


class Together:
    """Where the files of one message stand."""

    def __init__(self, parts: Sequence[Progress]) -> None:
        self._parts = parts

    def sentence(self, texts: Texts) -> str:
        if len(self._parts) == 1:
            return self._parts[0].sentence(texts)
        done = sum(part.stage is Stage.DONE for part in self._parts)
        return texts("status-files", done=done, files=len(self._parts))


async def accompanied(work: Awaitable[T], progress: Together, texts: Texts, say: Callable[[str], Awaitable[None]]) -> T:
    """Wait for work; once it takes long, `say` where it stands, and again whenever that changes.

    A word that cannot be said is no reason to give up the work, and one that is slow to say delays it hardly.
    """
    task = asyncio.ensure_future(work)
    telling = asyncio.create_task(_tell(task, progress, texts, say))
    try:
        return await task
    finally:
        task.cancel()
        await asyncio.wait((telling,), timeout=_LAST_WORD_S)  # what is being said may be taken back afterwards
        telling.cancel()


async def _tell(
    task: "asyncio.Future[T]",
    progress: Together,
    texts: Texts,
    say: Callable[[str], Awaitable[None]],
) -> None:
    said = ""
    await asyncio.wait((task,), timeout=FIRST_WORD_AFTER_S)
    while not task.done():
        if (sentence := progress.sentence(texts)) != said:
            said = sentence
            try:
                await say(sentence)
            except Exception as error:
                log.info("A word about progress could not be said: %r", error)
        await asyncio.wait((task,), timeout=_EVERY_S)
