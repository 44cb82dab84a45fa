"""How much one person and one chat may ask: a token bucket for each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

_REMEMBERED = 10_000
"""So many people and chats are kept in mind; whoever drops out starts with a full bucket."""


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
