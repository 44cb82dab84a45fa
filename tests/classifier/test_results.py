"""What results say in words."""

import pytest

from classifier.results import clock


@pytest.mark.parametrize(("time_s", "text"), [(0.0, "0:00"), (59.99, "0:59"), (65.0, "1:05"), (3725.5, "62:05")])
def test_a_time_in_a_track_as_people_read_it(time_s: float, text: str) -> None:
    assert clock(time_s) == text
