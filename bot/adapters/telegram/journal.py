"""Which updates have been taken and which are being answered, so that a killed process loses none and answers none
twice.

Telegram hands an update out again until the next question says that it has been taken. What has been taken is therefore
written down before it is worked on, and struck out when it has been answered; what another process has is left to it.
"""

import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache

from bot.conversation import Platform
from bot.failures import Failure
from bot.storage import Storage

log = logging.getLogger(__name__)

_LASTS_S = 20 * 3600.0
"""Telegram keeps updates for a day, and numbers anew after a week without any."""
_REMEMBERED = 10_000
_FILES = frozenset({"audio", "voice", "video_note", "video", "document"})
_MESSAGES = ("message", "edited_message", "channel_post", "edited_channel_post")


@dataclass(slots=True)
class Position:
    """The first update that has not been taken, and when that was: it outlives a connection."""

    offset: int = 0
    moved_s: float = field(default_factory=time.monotonic)


class Journal:
    """One bot's updates; `position` is shared by all of its connections."""

    def __init__(self, storage: Storage, bot_id: int, position: Position) -> None:
        self._storage = storage
        self._bot_id = bot_id
        self._position = position
        self._written: set[int] = set()
        self._delivered: LRUCache[int, bool] = LRUCache(_REMEMBERED)

    @property
    def offset(self) -> int:
        """The first update to ask for. After a long silence their numbers may begin anew, anywhere: then any is."""
        if time.monotonic() - self._position.moved_s > _LASTS_S:
            self._position.offset = 0
        return self._position.offset

    async def resume(self) -> list[dict[str, Any]]:
        """Go on where this or another process was: what was begun before a connection or a process ended."""
        if not self._position.offset:
            await self._remember_position()
        return await self.left_over(own=True)

    async def left_over(self, *, own: bool = False) -> list[dict[str, Any]]:
        """Updates that processes had begun that live no more; with `own`, those of this one, too."""
        mine = f"{self._bot_id}:"
        works = await self._storage.works.left_over(Platform.TELEGRAM, own=own)
        found = [work for name, work in works if name.startswith(mine)]
        if found:
            log.info("Telegram: %d updates from before are taken up again", len(found))
        updates = [json.loads(work) for work in found]
        self._written |= {int(update["update_id"]) for update in updates}
        return updates

    async def _remember_position(self) -> None:
        try:
            offset, _, taken_s = (await self._storage.bot_state(self._state_name) or "").partition("@")
        except Failure as failure:
            log.warning("Telegram: the last position is not known: %s", failure)
            return
        if offset and time.time() - float(taken_s) < _LASTS_S:
            self._position.offset = int(offset)

    async def fresh(self, updates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take updates; returns those that had not been taken before."""
        new = [update for update in updates if int(update["update_id"]) >= self._position.offset]
        if not new:
            return []
        self._position.offset = max(int(update["update_id"]) for update in new) + 1
        self._position.moved_s = time.monotonic()
        return await self._begun(new, state=(self._state_name, f"{self._position.offset}@{time.time():.0f}"))

    async def delivered(self, update: dict[str, Any]) -> list[dict[str, Any]]:
        """Take an update that Telegram has sent by itself, in whatever order; nothing if it has been taken before, be
        it while Telegram was asked."""
        number = int(update["update_id"])
        if number < self.offset or number in self._delivered:
            return []
        self._delivered[number] = True
        try:
            return await self._begun([update], state=None)
        except BaseException:  # the call was broken off: Telegram makes it again
            self._delivered.pop(number, None)
            raise

    async def _begun(self, updates: list[dict[str, Any]], *, state: tuple[str, str] | None) -> list[dict[str, Any]]:
        """Write updates down; returns those that no other process has, or has had."""
        works = {self._name(int(update["update_id"])): json.dumps(update) for update in updates if _is_work(update)}
        mine = await self._storage.works.begin(Platform.TELEGRAM, works, state=state)
        others = works.keys() - set(mine)
        fresh = [update for update in updates if self._name(int(update["update_id"])) not in others]
        self._written |= {int(update["update_id"]) for update in fresh if _is_work(update)}
        return fresh

    async def end(self, update_id: int) -> None:
        """An update has been answered."""
        if update_id in self._written:
            self._written.discard(update_id)
            await self._storage.works.end(Platform.TELEGRAM, self._name(update_id))

    @property
    def _state_name(self) -> str:
        return f"telegram-position:{self._bot_id}"

    def _name(self, update_id: int) -> str:
        return f"{self._bot_id}:{update_id}"


def _is_work(update: dict[str, Any]) -> bool:
    """Whether somebody waits for an answer: to a file, a command or words in private; talk in a group is not kept."""
    for kind in _MESSAGES:
        message = update.get(kind)
        if isinstance(message, dict):
            is_private = isinstance(message.get("chat"), dict) and message["chat"].get("type") == "private"
            is_command = str(message.get("text") or "").startswith("/")
            return is_private or is_command or not _FILES.isdisjoint(message)
    return False
