"""The short form of `tests.classifier.mutate`."""

from collections import Counter

import pytest

from tests.classifier.mutate import FORMATS, mutated, outcomes


@pytest.mark.slow
def test_a_thousand_damaged_files_are_answered_or_refused() -> None:
    found = list(outcomes(range(1_000), workers=1))
    assert [result for result in found if result.startswith("WRONG")] == []
    assert Counter(found)["answered"] > 200
    assert len(set(found)) >= 4


def test_the_same_number_is_the_same_file_and_damaged() -> None:
    assert mutated(17) == mutated(17)
    assert sum(mutated(number)[1] != FORMATS[mutated(number)[0]]() for number in range(13)) >= 12
