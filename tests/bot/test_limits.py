"""Token buckets: a burst at once, then as fast as they fill, each key for itself."""

from bot.limits import TokenBuckets


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    buckets = TokenBuckets(burst=3, per_minute=6.0, clock=clock)
    for _ in range(3):
        assert buckets.wait_s("a") == 0.0
        buckets.take("a")
    assert buckets.wait_s("a") == 10.0
    assert buckets.wait_s("b") == 0.0
    clock.now_s += 4.0
    assert round(buckets.wait_s("a"), 6) == 6.0
    clock.now_s += 6.0
    assert buckets.wait_s("a") == 0.0
    buckets.take("a")
    assert buckets.wait_s("a") > 9.9


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    clock = Clock()
    buckets = TokenBuckets(burst=2, per_minute=60.0, clock=clock)
    buckets.take("a")
    clock.now_s += 3600.0
    for _ in range(2):
        assert buckets.wait_s("a") == 0.0
        buckets.take("a")
    assert buckets.wait_s("a") > 0.9
