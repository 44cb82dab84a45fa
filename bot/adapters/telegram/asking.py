"""What a caption asks for, and when it was asked by Telegram's own clock."""

import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from bot.assistant import CommandName


@dataclass(frozen=True, slots=True)
class Asked:
    """`by_name`: our name stands in it; `offset` as a person wrote it; `compares`: with the file it replies to."""

    is_asked: bool = False
    by_name: bool = False
    whole_track: bool = False
    offset: str = ""
    compares: bool = False


def asked_in(caption: str, username: str) -> Asked:
    """A caption is asked with a command (in any case, with our name behind it or without), or by our name anywhere."""
    by_name = re.search(rf"(?<![\w@])@{re.escape(username)}(?!\w)", caption, re.IGNORECASE) is not None
    found = re.match(r"\s*/(\w+)(@\w+)?(?:\s+(.*))?", caption, re.DOTALL)
    if not found or (found[2] and found[2][1:].lower() != username.lower()):
        return Asked(is_asked=by_name, by_name=by_name)
    command, rest = found[1].lower(), (found[3] or "").strip()
    if command in (CommandName.GENRE, CommandName.OFFSET):
        return Asked(is_asked=True, by_name=True, offset=rest)
    if command == CommandName.COMPARE:
        return Asked(is_asked=True, compares=True)
    return Asked(
        is_asked=by_name or command == CommandName.TRACK,
        by_name=by_name or command == CommandName.TRACK,
        whole_track=command == CommandName.TRACK,
    )


class ServerClock:
    """The time at Telegram's, learned from the heads of its answers: a host's clock may be minutes off."""

    def __init__(self) -> None:
        self._behind_s = 0.0

    async def hear(self, response: httpx.Response) -> None:
        """A hook for every answer."""
        try:
            there = parsedate_to_datetime(response.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return
        self._behind_s = there - time.time()

    def now_s(self) -> float:
        """Seconds since 1970, there."""
        return time.time() + self._behind_s
