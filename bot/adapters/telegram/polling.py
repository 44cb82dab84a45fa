"""Asks Telegram for what has happened, for as long as the bot runs, whatever becomes of a single answer.

python-telegram-bot's own loop ends for good after one refusal, and stands still before an update that it cannot read.
Here a refusal comes out as `Unreachable`, so that the adapter is started again, and each update is read by itself.
"""

import asyncio
import contextlib
import logging
import random
import warnings
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot, Update
from telegram.error import Conflict, EndPointNotFound, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.adapters.platform import Unreachable
from bot.adapters.telegram.journal import Journal
from bot.connections import ConnectionState

log = logging.getLogger(__name__)

warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'")  # which reads all of them or none

_POLL_S = 10
_DELAYS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_AT_ONCE, _WAITING = 6, 40
"""Updates of one chat that are worked on together, and that may wait for that."""

REFUSALS = (InvalidToken, EndPointNotFound, Forbidden)
REFUSED_FOR_GOOD = 3
"""On a bad day Telegram refuses a good token once; what is being answered then goes on."""

Handle = Callable[[Update], Awaitable[None]]


class Lanes:
    """A lane for each chat, so that a crowd in one holds up nobody else."""

    def __init__(self, handle: Handle, overflow: Handle) -> None:
        self._handle, self._overflow = handle, overflow
        self._waiting: dict[int, deque[Update]] = {}
        self._running: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, update: Update) -> None:
        """Work on an update as soon as its chat's turn has come; beyond what may wait it goes to `overflow`."""
        chat = update.effective_chat
        lane = chat.id if chat else 0
        waiting = self._waiting.setdefault(lane, deque())
        if len(waiting) >= _WAITING:
            self._start(self._overflow(update))
            return
        waiting.append(update)
        if self._running.get(lane, 0) < _AT_ONCE:
            self._running[lane] = self._running.get(lane, 0) + 1
            self._start(self._work(lane))

    async def close(self) -> None:
        """End what still runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, lane: int) -> None:
        waiting = self._waiting[lane]
        try:
            while waiting:
                await self._handle(waiting.popleft())
        finally:
            self._running[lane] -= 1
            if not self._running[lane] and not waiting:
                del self._running[lane]
                self._waiting.pop(lane, None)


async def poll(
    bot: Bot,
    journal: Journal,
    allowed: list[str],
    put: Callable[[Update], None],
    stop: asyncio.Event,
    state: ConnectionState,
) -> None:
    """Hand on every update until `stop` is set. Raises `Unreachable` where Telegram refuses us."""
    failures, stopped = 0, asyncio.ensure_future(stop.wait())
    await _end_calls(bot)
    try:
        while not stop.is_set():
            asking = asyncio.ensure_future(_ask(bot, journal.offset, allowed))
            await asyncio.wait((asking, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                return
            try:
                raw_updates = asking.result()
            except TelegramError as error:
                failures += 1
                state.connecting(error.message)
                if isinstance(error, REFUSALS) and failures >= REFUSED_FOR_GOOD:
                    raise Unreachable("TELEGRAM_TOKEN is refused; ask @BotFather for a valid one") from error
                await _pause(error, failures, stop)
                continue
            state.connected()
            if failures:
                log.info("Telegram: it answers again.")
                failures = 0
            await take(await journal.fresh(raw_updates), bot, journal, put)
    finally:
        stopped.cancel()
    await _confirm(bot, journal.offset)


async def take(raw_updates: list[dict[str, Any]], bot: Bot, journal: Journal, put: Callable[[Update], None]) -> None:
    """Hand updates on as what they are; one that cannot be read has nothing to be answered."""
    for raw in raw_updates:
        if (update := read_update(raw, bot)) is not None:
            put(update)
        else:
            await journal.end(int(raw["update_id"]))


def read_update(raw: dict[str, Any], bot: Bot) -> Update | None:
    """An update, or None (and a line in the log without its content) for one that cannot be read."""
    try:
        return Update.de_json(raw, bot)
    except Exception as error:  # of whatever kind: one odd update must not stop the rest
        log.warning("Telegram: update %s cannot be read (%s); passed over", raw.get("update_id"), type(error).__name__)
        return None


async def _end_calls(bot: Bot) -> None:
    """Telegram is not asked while it calls somebody (`bot.adapters.telegram.webhook`); what waits there is not lost."""
    with contextlib.suppress(TelegramError):  # if it cannot be reached now, asking shows that
        if (await bot.get_webhook_info()).url:
            await bot.delete_webhook(drop_pending_updates=False)
            log.info("Telegram: it calls nobody any more, and is asked")


async def _ask(bot: Bot, offset: int, allowed: list[str]) -> list[dict[str, Any]]:
    asked = {"timeout": _POLL_S, "offset": offset, "allowed_updates": allowed}
    found: list[dict[str, Any]] = await bot.do_api_request("getUpdates", asked, read_timeout=_POLL_S + 10.0)
    return found


async def _confirm(bot: Bot, offset: int) -> None:
    """Tell Telegram what has been taken, so that it does not come again after the next start."""
    try:
        await bot.do_api_request("getUpdates", {"timeout": 0, "offset": offset, "limit": 1}, read_timeout=2.0)
    except TelegramError as error:
        log.info("Telegram: the last updates may come again: %s", error.message)


async def _pause(error: TelegramError, failures: int, stop: asyncio.Event) -> None:
    """Wait before the next try; an outage is told once, in plain words."""
    wait_s = _DELAYS_S[min(failures, len(_DELAYS_S)) - 1]
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        wait_s = wait if isinstance(wait, int) else wait.total_seconds()
    if failures == 1:
        if isinstance(error, Conflict):
            log.error("Telegram: another program uses this bot's token, and only one may: stop it, or make a new token")
        elif isinstance(error, NetworkError):
            log.warning("Telegram: cannot be reached (%s); trying on", error.message)
        else:
            log.warning("Telegram: %s; trying on", error.message)
    try:
        async with asyncio.timeout(wait_s * random.uniform(0.8, 1.2)):  # noqa: S311  (no secret)
            await stop.wait()
    except TimeoutError:
        return
