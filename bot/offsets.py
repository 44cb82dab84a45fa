"""Offsets as people write them in chats and forms; and parts of a track as buttons name them."""

from bot.failures import Failure, FailureKind
from classifier.times import read_time


def parse_offset(text: str) -> float:
    """Seconds from the start of a track. Raises `Failure` (bad offset) for anything that is no time."""
    try:
        return read_time(text)
    except ValueError as error:
        raise Failure(FailureKind.BAD_OFFSET, str(error)) from error


_WHOLE = "all"


def part_text(from_s: float | None) -> str:
    """The name of a part in the data of a button: the second it starts at, to the microsecond, or `all` for None."""
    return _WHOLE if from_s is None else f"{from_s:.6f}".rstrip("0").rstrip(".")


def part_start(text: str) -> float | None:
    """What `part_text` named. Raises ValueError for anything else."""
    return None if text == _WHOLE else float(text)
