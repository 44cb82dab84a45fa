"""Copies are compared with the window they were made from, kind by kind."""

import numpy as np

from tests.support.tables import answered, hand_made
from training.evaluate.robustness import unchanged_answers


def test_each_copy_is_compared_with_its_own_window() -> None:
    """Track a has windows 0, 1 and 2; the copies stand in another order, and window 2 has only one."""
    variants = ["plain"] * 3 + ["tone"] * 3 + ["codec48"] * 2
    table = hand_made(["house"] * 8, ["a"] * 8, variants=variants, windows=[0, 1, 2, 2, 1, 0, 1, 0])
    answers = answered(["house", "trap", "techno", "techno", "trap", "dnb", "trap", "house"], [0.9] * 8)
    shares = unchanged_answers(answers, table, table.is_plain)
    assert shares == {"codec48": 1.0, "tone": 2 / 3}


def test_only_windows_that_count_are_asked_for() -> None:
    table = hand_made(["house"] * 4, list("aabb"), variants=["plain", "tone"] * 2, windows=[0] * 4)
    answers = answered(["house", "trap", "house", "house"], [0.9] * 4)
    assert unchanged_answers(answers, table, np.array([True, False, False, False])) == {"tone": 0.0}
    assert unchanged_answers(answers, table, np.array([False, False, True, False])) == {"tone": 1.0}
    assert unchanged_answers(answers, table, np.zeros(4, np.bool_)) == {}


def test_without_copies_there_is_nothing_to_say() -> None:
    table = hand_made(["house"], ["a"])
    assert unchanged_answers(answered(["house"], [0.9]), table, table.is_plain) == {}
