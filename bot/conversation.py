"""Where somebody speaks to the bot, in words that fit every chat platform."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    DISCORD = "discord"
    TELEGRAM = "telegram"


ANYBODY = "0"
"""The owner of buttons that everybody may press."""


class Mode(StrEnum):
    """Which audio in a conversation is answered: all of it (perhaps without words before the answer), only when asked,
    none."""

    AUTO = "auto"
    QUIET = "quiet"
    ON_DEMAND = "on-demand"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat or channel, and who speaks in it.

    `id` and `user_id` are the platform's. `language` is what the platform says about a public conversation, or about
    the person in a private one (an IETF tag; None where it says nothing); `user_language` is always the person's.
    `can_whisper`: the platform can show a reply to only the person who asked. `may_manage` asks the platform whether
    this person may change the conversation's settings.
    """

    platform: Platform
    id: str
    is_private: bool
    language: str | None
    user_id: str
    user_language: str | None
    can_whisper: bool
    may_manage: Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Preferences:
    """What was set for a conversation; None leaves it to the bot's settings or the platform.

    `feedback`: whether people here are asked if an answer was right, and what they say is kept. `listen_on`: whether
    more of a track is heard where the asked 3 seconds are not enough to be certain. `counts`: whether it is counted how
    many files of which genre are answered here; only where somebody has switched that on.
    """

    offset_s: float | None = None
    language: str | None = None
    mode: Mode = Mode.AUTO
    feedback: bool = True
    listen_on: bool | None = None
    counts: bool = False
