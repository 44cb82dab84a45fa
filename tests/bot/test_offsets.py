"""Offsets as people write them."""

import pytest

from bot.failures import Failure, FailureKind
from bot.offsets import parse_offset, part_start, part_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        (" 12.5 ", 12.5),
        ("12,5", 12.5),
        ("0", 0.0),
        ("45s", 45.0),
        ("1:30", 90.0),
        ("01:02:03.5", 3723.5),
        ("0:05", 5.0),
        ("12.34567890123456789", 12.345679),
    ],
)
def test_times_are_read(text: str, seconds: float) -> None:
    assert parse_offset(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "1e3", "1:2:3:4", "30 40", "half", "1:-5", "١٢", "9" * 400])
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_offset(text)
    assert caught.value.kind is FailureKind.BAD_OFFSET


@pytest.mark.parametrize(
    ("from_s", "text"),
    [(None, "all"), (0.0, "0"), (30.0, "30"), (100.0, "100"), (0.000001, "0.000001"), (86399.123456, "86399.123456")],
)
def test_a_part_keeps_its_second_in_a_button(from_s: float | None, text: str) -> None:
    assert part_text(from_s) == text
    assert part_start(text) == from_s
