"""Offsets as people write them: `30`, `12.5`, `12,5`, `1:30`, `1:02:03`; and parts of a track as buttons name them."""

import re

from bot.failures import Failure, FailureKind

_OFFSET = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6}(?:[.,]\d{1,6})?)\s*s?", re.ASCII)


def parse_offset(text: str) -> float:
    """Seconds from the start of a track. Raises `Failure` (bad offset) for anything that is no time."""
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        raise Failure(FailureKind.BAD_OFFSET, "not a time")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds.replace(",", "."))


_WHOLE = "all"


def part_text(from_s: float | None) -> str:
    """The name of a part in the data of a button: the second it starts at, to the microsecond, or `all` for None."""
    return _WHOLE if from_s is None else f"{from_s:.6f}".rstrip("0").rstrip(".")


def part_start(text: str) -> float | None:
    """What `part_text` named. Raises ValueError for anything else."""
    return None if text == _WHOLE else float(text)
