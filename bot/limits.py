"""How much one person and one chat may ask: a token bucket for each. And how much all of them may have in memory."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from cachetools import LRUCache

from bot.failures import Failure, FailureKind

_REMEMBERED = 10_000
"""So many people and chats are kept in mind; whoever drops out starts with a full bucket."""


class Budget:
    """So many bytes may be held at a time: files that are read, wait, and are worked on."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.held_bytes = 0

    def hold(self) -> "Hold":
        """A hold of nothing yet; it grows as bytes come, and is released by whoever has it last."""
        return Hold(self)


class Hold:
    """A part of a budget."""

    def __init__(self, budget: Budget, count: int = 0) -> None:
        self._budget = budget
        self._count = count

    def grow(self, count: int) -> None:
        """Take more. Raises `Failure` (busy) where there is no more."""
        self.grow_to(self._count + count)

    def grow_to(self, count: int) -> None:
        """Take what is missing to so many bytes. Raises `Failure` (busy) where there is no more."""
        more = max(0, count - self._count)
        if more and self._budget.held_bytes + more > self._budget._most_bytes:
            raise Failure(FailureKind.BUSY, f"{self._budget.held_bytes} bytes are held, {more} more are not to be had")
        self._budget.held_bytes += more
        self._count += more

    def move(self) -> "Hold":
        """The same hold for another owner; this one is empty from now on."""
        moved, self._count = Hold(self._budget, self._count), 0
        return moved

    def release(self) -> None:
        self._budget.held_bytes -= self._count
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class TokenBuckets:
    """A bucket of `burst` tokens for each key, refilled at `per_minute`; every request takes one."""

    def __init__(self, *, burst: int, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_s = per_minute / 60.0
        self._clock = clock
        self._buckets: LRUCache[str, _Bucket] = LRUCache(_REMEMBERED)

    def wait_s(self, key: str) -> float:
        """Seconds until the key's bucket has a token; 0 if it has one now."""
        missing = 1.0 - self._filled(key).tokens
        return max(0.0, missing / self._per_s)

    def take(self, key: str) -> None:
        """Take a token; `wait_s` has said that there is one."""
        bucket = self._filled(key)
        bucket.tokens -= 1.0
        self._buckets[key] = bucket

    def _filled(self, key: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(key) or _Bucket(float(self._burst), now)
        bucket.tokens = min(float(self._burst), bucket.tokens + (now - bucket.at_s) * self._per_s)
        bucket.at_s = now
        return bucket
