"""How fast the bot may write, chat by chat, and how often it tries where something stands in the way.

python-telegram-bot's own limiter lets one chat that Telegram has asked to wait hold up all others. Here each chat has
its own pace and its own pauses; what is asked of Telegram beside replies (signals, look-ups) has none.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from aiolimiter import AsyncLimiter
from cachetools import LRUCache
from telegram.constants import FloodLimit
from telegram.error import BadRequest, NetworkError, RetryAfter
from telegram.ext import BaseRateLimiter

log = logging.getLogger(__name__)

_DELAYS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Between tries while Telegram cannot be reached, more or less by a quarter: half a minute in all."""
_LONGEST_WAIT_S = 300.0
"""A reply that Telegram wants later than this is given up."""
_CHATS = 10_000

_UNPACED = frozenset({"getChatMember", "deleteMessage", "answerCallbackQuery", "getFile", "setMyCommands"})
_ONCE = frozenset({"sendChatAction", "getUpdates", "getMe"})
"""A signal that fades by itself, and what has a loop of its own."""

Request = Callable[..., Coroutine[Any, Any, Any]]


class ChatLimiter(BaseRateLimiter[int]):
    """Paces and tries again what an adapter asks of the Bot API."""

    def __init__(
        self, waited: Callable[[], None] = lambda: None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`waited` is called whenever Telegram makes a chat wait."""
        self._waited = waited
        self._clock = clock
        self._hurries = asyncio.Event()
        self._overall = AsyncLimiter(FloodLimit.MESSAGES_PER_SECOND, 1)
        self._paces: LRUCache[str, AsyncLimiter] = LRUCache(_CHATS)
        self._paused_until_s: LRUCache[str, float] = LRUCache(_CHATS)

    async def initialize(self) -> None:
        """Nothing is held open."""

    async def shutdown(self) -> None:
        """Nothing is held open."""

    def hurry(self) -> None:
        """From now on nothing waits for its turn: the bot ends, and what it has to say is said now or never."""
        self._hurries.set()

    def has_room_for_words(self, chat: str) -> bool:
        """Whether words beside an answer would keep no answer waiting: at most half of a chat's pace is for them."""
        pace = self._pace(chat)
        return pace.has_capacity(pace.max_rate / 2)

    async def process_request(
        self,
        callback: Request,
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        """Make a request when its chat's turn has come. Raises what Telegram answers in the end."""
        if endpoint in _ONCE:
            return await callback(*args, **kwargs)
        chat = "" if endpoint in _UNPACED else str(data.get("chat_id") or "")
        given_up_s = self._clock() + _LONGEST_WAIT_S
        delays = list(_DELAYS_S)
        while True:
            try:
                if chat:
                    await self._turn(chat)
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                wait_s = _seconds(error)
                if self._clock() + wait_s > given_up_s:
                    raise
                log.info("Telegram: a chat has to wait for %.0f s", wait_s)
                self._waited()
                self._paused_until_s[chat] = self._clock() + wait_s
                if not chat:
                    await asyncio.sleep(wait_s)
            except BadRequest:
                raise
            except NetworkError as error:
                if not delays:
                    raise
                wait_s = delays.pop(0) * random.uniform(0.75, 1.25)  # noqa: S311  (no secret)
                log.info("Telegram: %s did not work (%s); trying again in %.0f s", endpoint, error.message, wait_s)
                await asyncio.sleep(wait_s)

    async def _turn(self, chat: str) -> None:
        """Wait until this chat may be written to."""
        await asyncio.sleep(max(0.0, self._paused_until_s.get(chat, 0.0) - self._clock()))
        turn = asyncio.ensure_future(self._paced(chat))
        hurries = asyncio.ensure_future(self._hurries.wait())
        try:
            await asyncio.wait((turn, hurries), return_when=asyncio.FIRST_COMPLETED)
        finally:
            turn.cancel()
            hurries.cancel()

    async def _paced(self, chat: str) -> None:
        async with self._pace(chat), self._overall:
            pass

    def _pace(self, chat: str) -> AsyncLimiter:
        """What Telegram lets a chat have: twenty messages a minute in a group, about one a second elsewhere."""
        if chat not in self._paces:
            is_private = chat.isdigit()
            self._paces[chat] = (
                AsyncLimiter(5, 5) if is_private else AsyncLimiter(FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP, 60)
            )
        return self._paces[chat]


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return (wait if isinstance(wait, int) else wait.total_seconds()) + 0.1
