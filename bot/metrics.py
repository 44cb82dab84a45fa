"""Figures of the bot for Prometheus: what was answered and refused, how long each step took, how full it is."""

import contextlib
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.failures import FailureKind

_STEPS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """One registry of its own, so that several bots in one process do not count for each other."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter("genre_bot_answers", "Answers given", ["platform", "of"], registry=self._registry)
        self._failures = Counter(
            "genre_bot_failures",
            "Files that got no answer, by the reason",
            ["platform", "kind"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "genre_bot_seconds",
            "How long a step took: download, work (with the wait for a worker), answer (all of it)",
            ["step"],
            buckets=_STEPS_S,
            registry=self._registry,
        )
        self._waits = Counter(
            "genre_bot_rate_limit_waits",
            "Replies that waited for a platform's pace",
            ["platform"],
            registry=self._registry,
        )

    def answered(self, platform: str, *, whole_track: bool) -> None:
        self._answers.labels(platform, "track" if whole_track else "window").inc()

    def failed(self, platform: str, kind: FailureKind) -> None:
        self._failures.labels(platform, kind.value).inc()

    def waited(self, platform: str) -> None:
        self._waits.labels(platform).inc()

    @contextlib.contextmanager
    def timed(self, step: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self._seconds.labels(step).observe(time.monotonic() - started)

    def watch(self, name: str, about: str, value: Callable[[], float]) -> None:
        """A figure that is asked for when somebody looks."""
        Gauge(f"genre_bot_{name}", about, registry=self._registry).set_function(value)

    def exposition(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)
