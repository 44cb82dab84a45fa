"""Telegram calls the bot, instead of being asked: what it calls, and how it learns that.

Several processes may stand behind one address. Each has Telegram call the same one, and whichever is called writes the
update down before it says that it has it (`bot.adapters.telegram.journal`): what it does not say, Telegram repeats. The
address and the secret that Telegram shows with each call are made from the bot's token, so nothing more has to be kept.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import Any

from telegram import Bot, WebhookInfo
from telegram.error import TelegramError

from bot.adapters.platform import Unreachable
from bot.adapters.telegram.polling import REFUSALS, REFUSED_FOR_GOOD
from bot.connections import ConnectionState

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 60.0
_MOST_AT_ONCE = 40
"""Calls that Telegram makes at a time; it would take up to 100."""

Receive = Callable[[dict[str, Any]], Awaitable[None]]


class Webhook:
    """The bot's address for Telegram: `url` is the page's, from outside; below that it has a name of its own."""

    secret_header = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (its name)

    def __init__(self, url: str, token: str) -> None:
        self.name = _made_from(token, "path")[:32]
        self.url = f"{url.rstrip('/')}/telegram/{self.name}"
        self._secret = _made_from(token, "secret")
        self._receive: Receive | None = None
        self._is_told_of_trouble = False

    @contextlib.contextmanager
    def open_to(self, receive: Receive) -> Iterator[None]:
        """Hand on what comes until the block ends. Before and after that Telegram has to call again."""
        self._receive = receive
        try:
            yield
        finally:
            self._receive = None

    async def take(self, secret: str, body: bytes) -> HTTPStatus:
        """What is answered to a call. OK is said once the update is written down, and for what nobody could read."""
        if not hmac.compare_digest(secret.encode(errors="replace"), self._secret.encode()):
            return HTTPStatus.UNAUTHORIZED
        if self._receive is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            update = json.loads(body)
            int(update["update_id"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            log.warning("Telegram: a call that cannot be read (%s); passed over", type(error).__name__)
            return HTTPStatus.OK
        await self._receive(update)
        return HTTPStatus.OK

    async def keep(self, bot: Bot, allowed: list[str], stop: asyncio.Event, state: ConnectionState) -> None:
        """Have Telegram call this address until `stop` is set, and see now and again whether it can. What waits there
        is not lost, and when this ends it goes on calling: others may be there.

        Raises `Unreachable` where Telegram refuses us.
        """
        failures = 0
        while not stop.is_set():
            try:
                await self._look(bot, allowed, state)
                failures = 0
            except TelegramError as error:
                failures += 1
                state.connecting(error.message)
                if isinstance(error, REFUSALS) and failures >= REFUSED_FOR_GOOD:
                    raise Unreachable("TELEGRAM_TOKEN is refused; ask @BotFather for a valid one") from error
                if failures == 1:
                    log.error("Telegram: it cannot be told whom to call (TELEGRAM_WEBHOOK_URL): %s", error.message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await stop.wait()

    async def _look(self, bot: Bot, allowed: list[str], state: ConnectionState) -> None:
        info = await bot.get_webhook_info()
        if info.url != self.url or set(info.allowed_updates or ()) != set(allowed):
            await bot.set_webhook(
                self.url, secret_token=self._secret, allowed_updates=allowed, max_connections=_MOST_AT_ONCE
            )
            log.info("Telegram: it calls us from now on")
            state.connected()
        elif trouble := _trouble(info):
            state.connecting(trouble)
            if not self._is_told_of_trouble:
                log.error("Telegram: %s (TELEGRAM_WEBHOOK_URL)", trouble)
        else:
            state.connected()
        self._is_told_of_trouble = bool(_trouble(info))


def _trouble(info: WebhookInfo) -> str:
    """What Telegram says of its last calls; empty if they were answered, or long ago."""
    if info.last_error_date is None or time.time() - info.last_error_date.timestamp() > 2 * _LOOK_EVERY_S:
        return ""
    return f"it cannot call us: {info.last_error_message}, {info.pending_update_count} wait"


def _made_from(token: str, purpose: str) -> str:
    return hmac.new(token.encode(), f"genre-bot webhook {purpose}".encode(), hashlib.sha256).hexdigest()
