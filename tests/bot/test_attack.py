"""The short form of `tests.attack`."""

import pytest

from tests.attack import run


@pytest.mark.slow
async def test_under_attack_the_page_answers_all_the_while() -> None:
    report = await run(8.0, seed=3)
    assert report.wrong == []
    assert report.answers[200] > 0
    assert sum(report.attacks.values()) >= 5
