"""What the chat adapters share: how one is kept running, and the word for a platform that cannot be reached."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Protocol

from cachetools import TTLCache

from bot.connections import ConnectionState, ConnectionStatus
from bot.failures import FailureKind
from bot.replies import Reply

log = logging.getLogger(__name__)

TAKE_UP_EVERY_S = 20.0
"""How often an adapter looks for what another process has begun and cannot end."""
_FIRST_DELAY_S, _LONGEST_DELAY_S = 5.0, 600.0
_CHATS = 10_000
_SAID_ONCE = frozenset({FailureKind.BUSY, FailureKind.TOO_OFTEN})
_SAID_AGAIN_AFTER_S = 60.0
_GOOD_RUN_S = 120.0
"""After a run this long, the next failure is a new one and starts with the short delay again."""


class Unreachable(Exception):
    """The platform refuses us or cannot be reached; the text is one line for the log."""


class Hook(Protocol):
    """What a platform calls over HTTP, at a path that ends with `name`."""

    name: str
    secret_header: str

    async def take(self, secret: str, body: bytes) -> HTTPStatus:
        """What is answered to a call, by what stands in the header and the body."""
        ...


class ChatAdapter(Protocol):
    """A chat platform. `run` connects and serves until `stop` is set, then finishes what it has begun and returns.

    Raises `Unreachable` for what may pass; it is then run again.
    """

    name: str
    state: ConnectionState

    @property
    def hook(self) -> Hook | None:
        """Where the platform is to call the bot; None where it does not."""
        ...

    async def problem(self) -> str | None:
        """Why the platform does not take us; None where it does. Connects for a moment."""
        ...

    async def tell(self, chat: str, words: str) -> None:
        """Say something in a chat, by its number. Raises whatever the platform's library does."""
        ...

    async def run(self, stop: asyncio.Event) -> None: ...


async def keep_running(adapter: ChatAdapter, stop: asyncio.Event) -> None:
    """Run an adapter until `stop` is set, whatever happens to it; waits longer after each failure."""
    delay_s = _FIRST_DELAY_S
    while not stop.is_set():
        started = time.monotonic()
        if adapter.state.status is not ConnectionStatus.REFUSED:
            adapter.state.connecting()
        try:
            await adapter.run(stop)
        except Unreachable as error:
            adapter.state.refused(str(error))
            log.error("%s: %s", adapter.name, error)
        except Exception as error:
            adapter.state.refused(f"an error of our own: {type(error).__name__}")
            log.exception("%s: stopped by an error of our own", adapter.name)
        if stop.is_set():
            return
        if time.monotonic() - started > _GOOD_RUN_S:
            delay_s = _FIRST_DELAY_S
        log.info("%s: trying again in %.0f s", adapter.name, delay_s)
        try:
            async with asyncio.timeout(delay_s):
                await stop.wait()
        except TimeoutError:
            delay_s = min(2 * delay_s, _LONGEST_DELAY_S)


class SaidLately:
    """That somebody asks too often, or that there is too much to do, a chat hears once a minute and not for each
    file."""

    def __init__(self) -> None:
        self._chats: TTLCache[int, bool] = TTLCache(_CHATS, _SAID_AGAIN_AFTER_S)

    def holds(self, chat: int, replies: Sequence[Reply]) -> bool:
        """Whether a chat has just heard all that is to be said; if not, it is taken as said from now on."""
        if not all(reply.failure in _SAID_ONCE for reply in replies):
            return False
        is_said = chat in self._chats
        if not is_said:
            self._chats[chat] = True
        return is_said


class BegunWork:
    """The handlers that run, so that a stop can let them end."""

    def __init__(self) -> None:
        self._tasks: Counter[asyncio.Task[object]] = Counter()

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Counts the current task as begun until the block ends, and all such blocks around it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] += 1
        try:
            yield
        finally:
            self._tasks[task] -= 1
            if not self._tasks[task]:
                del self._tasks[task]

    async def finish(self, *, grace_s: float = 6.0) -> None:
        """Give what runs a little time, then end it."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(tuple(self._tasks), timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


@contextlib.asynccontextmanager
async def repeating(act: Callable[[], Awaitable[object]], *, every_s: float) -> AsyncIterator[None]:
    """Call `act` now and again until the block ends: a typing signal fades after a few seconds."""

    async def repeat() -> None:
        while True:
            await act()
            await asyncio.sleep(every_s)

    repeated = asyncio.create_task(repeat())
    try:
        yield
    finally:
        repeated.cancel()
