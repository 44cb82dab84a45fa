"""The queueing simulation behind docs/scale.md gives what can be worked out by hand, and what theory says."""

from random import Random

import pytest

from tests.benchmarks.simulation import arrivals, simulate


def test_who_comes_waits_for_those_before_or_is_refused() -> None:
    run = simulate([0.0, 0.0, 0.0, 2.5], [1.0, 1.0, 1.0, 1.0], workers=1, queue=1)
    assert run.took_s == (1.0, 2.0, 1.0)
    assert run.refused == 1
    assert run.refused_share == 0.25
    assert simulate([0.0, 0.0, 0.0], [1.0] * 3, workers=2, queue=1).took_s == (1.0, 1.0, 2.0)


def test_one_worker_at_random_is_as_in_the_textbook() -> None:
    """An M/M/1 queue: files take 1 / (μ - λ) on average, waiting included (Little; Kleinrock 1975, 3.2)."""
    random, count = Random(3), 20_000
    services_s = [random.expovariate(1.0) for _ in range(count)]
    run = simulate(arrivals(random, 0.6, count), services_s, workers=1, queue=10_000)
    assert run.refused == 0
    assert run.mean_s == pytest.approx(1 / (1.0 - 0.6), rel=0.1)


def test_a_short_queue_refuses_as_in_the_textbook() -> None:
    """An M/M/1/K queue: of a load ρ the share (1 - ρ) ρ^K / (1 - ρ^(K+1)) is refused (Kleinrock 1975, 3.6)."""
    random, count, load, places = Random(4), 20_000, 0.8, 4
    services_s = [random.expovariate(1.0) for _ in range(count)]
    run = simulate(arrivals(random, load, count), services_s, workers=1, queue=places - 1)
    assert run.refused_share == pytest.approx((1 - load) * load**places / (1 - load ** (places + 1)), rel=0.1)
